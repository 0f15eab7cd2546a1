# cmake --install: the program, and the two libraries that an embedding program links, for find_package(digitrec).

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set_target_properties(digitrec PROPERTIES INSTALL_RPATH ${LIBTORCH_ROOT}/lib)
install(TARGETS digitrec RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

foreach(library spdlog::spdlog tomlplusplus::tomlplusplus)
  get_target_property(is_package ${library} IMPORTED)
  if(NOT is_package)
    message(STATUS "cmake --install installs the program alone: ${library} is built along, and its package is missing here")
    return()
  endif()
endforeach()
set(digitrec_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/digitrec)
install(TARGETS digitrec_core digitrec_image EXPORT digitrec-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/digitrec DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT digitrec-targets NAMESPACE digitrec:: DESTINATION ${digitrec_cmake_dir})
configure_package_config_file(cmake/digitrec-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/digitrec-config.cmake
                              INSTALL_DESTINATION ${digitrec_cmake_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/digitrec-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/digitrec-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/digitrec-config-version.cmake
              cmake/LibTorch.cmake
        DESTINATION ${digitrec_cmake_dir})
