# Finds LibTorch >= 2.4 and wraps it as digitrec_torch. Looked for in Torch_DIR and CMAKE_PREFIX_PATH first, then inside
# the torch package of a Python: this project's .venv, else python3 on PATH.
#
# TorchConfig.cmake itself is not loaded: that of a CUDA wheel insists on a CUDA toolkit with its compiler, which a program
# that only links LibTorch does not need.

include(CheckCXXSourceCompiles)

set(torch_roots)  # folders with include/torch and lib/
if(Torch_DIR)
  list(APPEND torch_roots ${Torch_DIR}/../../..)
endif()
string(REPLACE ":" ";" prefixes "${CMAKE_PREFIX_PATH};$ENV{CMAKE_PREFIX_PATH};$ENV{Torch_DIR}/../../..")
foreach(prefix ${prefixes})
  list(APPEND torch_roots ${prefix} ${prefix}/../..)  # the second for what torch.utils.cmake_prefix_path prints
endforeach()
foreach(python ${PROJECT_SOURCE_DIR}/.venv/bin/python python3 python)
  # find_spec locates the package without importing it, which would take seconds and need its dependencies.
  execute_process(
    COMMAND ${python} -c "import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])"
    OUTPUT_VARIABLE root OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
  if(status EQUAL 0)
    list(APPEND torch_roots ${root})
  endif()
endforeach()
list(APPEND torch_roots ${LIBTORCH_FALLBACK})  # of an installed digitrec: the one it was built with

set(LIBTORCH_ROOT)
foreach(root ${torch_roots})
  set(config ${root}/share/cmake/Torch)
  if(NOT EXISTS ${config}/TorchConfigVersion.cmake OR NOT EXISTS ${root}/include/torch/csrc/api/include/torch/types.h)
    continue()
  endif()
  include(${config}/TorchConfigVersion.cmake)
  file(STRINGS ${config}/TorchConfig.cmake old_abi REGEX "_GLIBCXX_USE_CXX11_ABI=0")
  if(PACKAGE_VERSION VERSION_LESS 2.4)
    message(STATUS "LibTorch ${PACKAGE_VERSION} in ${root} is too old")
  elseif(old_abi)
    # The distribution's libraries have another std::string: the two could not be linked together.
    message(STATUS "LibTorch ${PACKAGE_VERSION} in ${root} is built with the C++ ABI from before 2015 and cannot be used")
  else()
    get_filename_component(LIBTORCH_ROOT ${root} REALPATH)
    message(STATUS "LibTorch ${PACKAGE_VERSION} in ${LIBTORCH_ROOT}")
    break()
  endif()
endforeach()
if(NOT LIBTORCH_ROOT)
  message(FATAL_ERROR "LibTorch 2.4 or later not found. Run scripts/setup/install_dependencies.sh, which puts its wheel into "
                      ".venv, or set CMAKE_PREFIX_PATH to an unpacked LibTorch or a Python's torch package.")
endif()

add_library(digitrec_torch INTERFACE)
# The wheel ships fmt 12 among its headers. Were its folders searched first, they would shadow the fmt that the
# distribution's spdlog is built against, which then fails to compile: so they go last.
foreach(folder ${LIBTORCH_ROOT}/include ${LIBTORCH_ROOT}/include/torch/csrc/api/include)
  target_compile_options(digitrec_torch INTERFACE "SHELL:-idirafter ${folder}")
endforeach()
# Its headers then include the operators that they call, not all 2,000.
target_compile_definitions(digitrec_torch INTERFACE AT_PER_OPERATOR_HEADERS)
target_link_directories(digitrec_torch INTERFACE ${LIBTORCH_ROOT}/lib)
if(APPLE)
  target_link_libraries(digitrec_torch INTERFACE torch torch_cpu c10)
else()
  set(torch_libraries torch torch_cpu c10)
  if(EXISTS ${LIBTORCH_ROOT}/lib/libtorch_cuda.so)
    list(APPEND torch_libraries torch_cuda c10_cuda)
  endif()
  list(TRANSFORM torch_libraries PREPEND "-l")
  list(JOIN torch_libraries " " torch_libraries)
  # No call goes into libtorch_cuda by name: it registers itself when it is loaded, so it must not be dropped. What it
  # needs in turn (libcudart, ...) it finds by itself at run time.
  target_link_options(digitrec_torch INTERFACE "LINKER:--unresolved-symbols=ignore-in-shared-libs")
  target_link_libraries(digitrec_torch INTERFACE
    "-Wl,--push-state,--no-as-needed ${torch_libraries} -Wl,--pop-state")
endif()

# CUDA graphs take LibTorch's CUDA headers, which include CUDA's own: a toolkit's, or those that pip puts beside torch. Neither
# need be there, or whole (pip has a package of its own for crt/), so what uses them is compiled once to see.
if(EXISTS ${LIBTORCH_ROOT}/lib/libtorch_cuda.so)
  file(GLOB cuda_folders ${LIBTORCH_ROOT}/../nvidia/cu* ${LIBTORCH_ROOT}/../nvidia/cuda_runtime)
  find_path(CUDA_RUNTIME_INCLUDE cuda_runtime_api.h HINTS ${cuda_folders} /usr/local/cuda PATH_SUFFIXES include)
  find_library(CUDA_RUNTIME NAMES cudart libcudart.so.13 libcudart.so.12 HINTS ${cuda_folders} /usr/local/cuda
               PATH_SUFFIXES lib lib64)
  if(CUDA_RUNTIME_INCLUDE AND CUDA_RUNTIME)
    set(tried ${LIBTORCH_ROOT} ${CUDA_RUNTIME_INCLUDE})
    if(NOT "${CUDA_HEADERS_COMPLETE_IN}" STREQUAL "${tried}")  # where they were not, they may have been installed since
      unset(CUDA_HEADERS_COMPLETE CACHE)
      block()
        set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
        get_target_property(torch_options digitrec_torch INTERFACE_COMPILE_OPTIONS)
        list(TRANSFORM torch_options REPLACE "^SHELL:" "")
        list(JOIN torch_options " " CMAKE_REQUIRED_FLAGS)
        string(APPEND CMAKE_REQUIRED_FLAGS " -idirafter ${CUDA_RUNTIME_INCLUDE}")
        check_cxx_source_compiles("#include <ATen/cuda/CUDAGraph.h>\n#include <c10/cuda/CUDAGuard.h>" CUDA_HEADERS_COMPLETE)
      endblock()
      if(CUDA_HEADERS_COMPLETE)
        set(CUDA_HEADERS_COMPLETE_IN ${tried} CACHE INTERNAL "LibTorch and CUDA whose headers compile")
      endif()
    endif()
  endif()
  set(CUDA_GRAPH_OPTIONS)
  if(CUDA_HEADERS_COMPLETE)
    message(STATUS "CUDA graphs: with ${CUDA_RUNTIME}")
    set(CUDA_GRAPH_OPTIONS -DDIGITREC_CUDA_GRAPHS -idirafter ${CUDA_RUNTIME_INCLUDE})  # for the file that makes them
    target_link_libraries(digitrec_torch INTERFACE ${CUDA_RUNTIME})
  else()
    message(STATUS "CUDA graphs: no, for want of CUDA's headers or libcudart (pip: nvidia-cuda-runtime, nvidia-cuda-crt); "
                   "training on a GPU works without, slower")
  endif()
endif()

# at::parallel_for runs on one thread, silently, in a file compiled without OpenMP. The runtime linked must be the one that
# LibTorch itself runs on: two of them would each keep a set of threads, spinning against each other.
find_package(OpenMP REQUIRED COMPONENTS CXX)
target_compile_options(digitrec_torch INTERFACE "SHELL:${OpenMP_CXX_FLAGS}")
target_include_directories(digitrec_torch SYSTEM INTERFACE ${OpenMP_CXX_INCLUDE_DIRS})
file(GLOB libtorch_openmp ${LIBTORCH_ROOT}/lib/libgomp*.so* ${LIBTORCH_ROOT}/lib/lib*omp*.dylib)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND libtorch_openmp MATCHES "gomp")
  # What Clang makes calls LLVM's runtime, which has GNU's functions too: linked by the program itself, it comes before the one
  # that LibTorch asks for, and serves both. With both linked, threads of one would ask the other who they are.
  target_link_libraries(digitrec_torch INTERFACE OpenMP::OpenMP_CXX)
elseif(libtorch_openmp)
  list(GET libtorch_openmp 0 libtorch_openmp)
  target_link_libraries(digitrec_torch INTERFACE ${libtorch_openmp})
else()
  target_link_libraries(digitrec_torch INTERFACE OpenMP::OpenMP_CXX)
endif()
set(CMAKE_BUILD_RPATH ${LIBTORCH_ROOT}/lib)
