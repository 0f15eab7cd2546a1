# Finds LibTorch >= 2.4 and wraps it as digitrec_torch. Looked for in Torch_DIR and CMAKE_PREFIX_PATH first,
# then inside the torch package of a Python: ours in .venv, else python3 on PATH.

find_package(Torch 2.4 QUIET)
if(NOT Torch_FOUND)
  foreach(python ${CMAKE_SOURCE_DIR}/.venv/bin/python python3 python)
    # find_spec locates the package without importing it, which would take seconds and need its dependencies.
    execute_process(
      COMMAND ${python} -c "import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])"
      OUTPUT_VARIABLE torch_package OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
    if(status EQUAL 0 AND EXISTS ${torch_package}/share/cmake/Torch)
      set(Torch_DIR ${torch_package}/share/cmake/Torch CACHE PATH "Where TorchConfig.cmake is" FORCE)
      break()
    endif()
  endforeach()
  find_package(Torch 2.4 QUIET)
endif()
if(NOT Torch_FOUND)
  message(FATAL_ERROR "LibTorch 2.4 or later not found. Run scripts/install_dependencies.sh, which puts its wheel into "
                      ".venv, or set CMAKE_PREFIX_PATH to an unpacked LibTorch or a Python's torch package.")
endif()
message(STATUS "LibTorch ${Torch_VERSION} in ${Torch_DIR}")

# The wheel ships fmt 12 among its headers. Were its folders searched first, they would shadow the fmt that the
# distribution's spdlog is built against, which then fails to compile. So they go last, by -idirafter, and the
# imported targets, which CMake would pass as -isystem, give up theirs.
foreach(target torch torch_library torch_cpu torch_cpu_library torch_cuda torch_cuda_library c10 c10_cuda)
  if(TARGET ${target})
    set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "")
  endif()
endforeach()
add_library(digitrec_torch INTERFACE)
foreach(folder ${TORCH_INCLUDE_DIRS})
  target_compile_options(digitrec_torch INTERFACE "SHELL:-idirafter ${folder}")
endforeach()
separate_arguments(torch_flags NATIVE_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(digitrec_torch INTERFACE ${torch_flags})
target_link_libraries(digitrec_torch INTERFACE ${TORCH_LIBRARIES})
