# Everything but LibTorch: the installed package where there is one, else the pinned release, checked by its hash.
# zlib, libzip, libpng, libjpeg, libtiff, libwebp, libgd and Boost's headers are in every distribution and are not fetched.

include(FetchContent)
set(FETCHCONTENT_QUIET OFF)
set(FETCHCONTENT_TRY_FIND_PACKAGE_MODE OPT_IN)
set(SPDLOG_INSTALL OFF)
set(INSTALL_GTEST OFF)

find_package(ZLIB REQUIRED)
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
find_package(TIFF REQUIRED)
find_package(Threads REQUIRED)

# A target for a library that has no CMake package of its own everywhere.
function(find_system_library target header library package)
  find_path(${target}_INCLUDE_DIR ${header})
  find_library(${target}_LIBRARY ${library})
  if(NOT ${target}_INCLUDE_DIR OR NOT ${target}_LIBRARY)
    message(FATAL_ERROR "${target} is missing; install ${package} (scripts/setup/install_dependencies.sh does)")
  endif()
  add_library(${target} INTERFACE)
  target_link_libraries(${target} INTERFACE ${${target}_LIBRARY})
  target_include_directories(${target} SYSTEM INTERFACE ${${target}_INCLUDE_DIR})
endfunction()
find_system_library(libzip zip.h zip libzip-dev)
find_system_library(libwebp webp/decode.h webp libwebp-dev)
find_system_library(libgd gd.h gd libgd-dev)

# Asio and Beast, under the server: headers only, and only three files of src/serve include them.
find_path(BOOST_INCLUDE_DIR boost/beast/http/basic_parser.hpp)
if(NOT BOOST_INCLUDE_DIR)
  message(FATAL_ERROR "Boost's headers are missing; install libboost-dev (scripts/setup/install_dependencies.sh does)")
endif()
add_library(boost_headers INTERFACE)
target_include_directories(boost_headers SYSTEM INTERFACE ${BOOST_INCLUDE_DIR})

FetchContent_Declare(CLI11
  URL https://github.com/CLIUtils/CLI11/archive/v2.4.2.tar.gz
  URL_HASH SHA256=f2d893a65c3b1324c50d4e682c0cdc021dd0477ae2c048544f39eed6654b699a
  FIND_PACKAGE_ARGS 2.1)
FetchContent_Declare(spdlog
  URL https://github.com/gabime/spdlog/archive/v1.14.0.tar.gz
  URL_HASH SHA256=429a6b73ade8285cb21f83bacf89e2821dd1720ea7faa3cb518ffe04b4e00efc
  FIND_PACKAGE_ARGS 1.9)
FetchContent_Declare(nlohmann_json
  URL https://github.com/nlohmann/json/releases/download/v3.11.3/json.tar.xz
  URL_HASH SHA256=d6c65aca6b1ed68e7a182f4757257b107ae403032760ed6ef121c9d55e81757d
  FIND_PACKAGE_ARGS 3.10)
FetchContent_Declare(tomlplusplus
  URL https://github.com/marzer/tomlplusplus/archive/v3.4.0.tar.gz
  URL_HASH SHA256=8517f65938a4faae9ccf8ebb36631a38c1cadfb5efa85d9a72e15b9e97d25155
  FIND_PACKAGE_ARGS 3.0)
FetchContent_MakeAvailable(CLI11 spdlog nlohmann_json tomlplusplus)

# fast-cpp-csv-parser is one header without a CMake package; Debian keeps it in libfccp/.
add_library(fast_cpp_csv_parser INTERFACE)
find_path(FAST_CPP_CSV_PARSER_INCLUDE_DIR csv.h PATH_SUFFIXES libfccp fast-cpp-csv-parser NO_CMAKE_PATH)
if(FAST_CPP_CSV_PARSER_INCLUDE_DIR)
  file(STRINGS ${FAST_CPP_CSV_PARSER_INCLUDE_DIR}/csv.h is_the_parser REGEX "class LineReader")
  if(NOT is_the_parser)  # libcsv has a csv.h too
    set(FAST_CPP_CSV_PARSER_INCLUDE_DIR)
  endif()
endif()
if(NOT FAST_CPP_CSV_PARSER_INCLUDE_DIR)
  FetchContent_Declare(fast_cpp_csv_parser
    URL https://github.com/ben-strasser/fast-cpp-csv-parser/archive/5a417973b4cea674a5e4a3b88a23098a2ab75479.zip
    URL_HASH SHA256=33a22bda2603a87b8f36c79673339490f58656d92a4882e788de3f4ef7ec57b2)
  FetchContent_MakeAvailable(fast_cpp_csv_parser)
  set(FAST_CPP_CSV_PARSER_INCLUDE_DIR ${fast_cpp_csv_parser_SOURCE_DIR})
endif()
target_include_directories(fast_cpp_csv_parser SYSTEM INTERFACE ${FAST_CPP_CSV_PARSER_INCLUDE_DIR})
# Its reading thread, when there is no memory to start it, ends the program in the destructor.
target_compile_definitions(fast_cpp_csv_parser INTERFACE CSV_IO_NO_THREAD)

# Protocol buffers' wire format without the library, whose symbols would clash with those inside libtorch_cpu. Headers only.
find_path(PROTOZERO_INCLUDE_DIR protozero/pbf_writer.hpp)
if(NOT PROTOZERO_INCLUDE_DIR)
  FetchContent_Declare(protozero
    URL https://github.com/mapbox/protozero/archive/v1.7.1.tar.gz
    URL_HASH SHA256=27e0017d5b3ba06d646a3ec6391d5ccc8500db821be480aefd2e4ddc3de5ff99
    SOURCE_SUBDIR none)  # its own targets are not needed
  FetchContent_MakeAvailable(protozero)
  set(PROTOZERO_INCLUDE_DIR ${protozero_SOURCE_DIR}/include)
endif()
add_library(protozero_headers INTERFACE)
target_include_directories(protozero_headers SYSTEM INTERFACE ${PROTOZERO_INCLUDE_DIR})

if(DIGITREC_TESTS)
  FetchContent_Declare(googletest
    URL https://github.com/google/googletest/archive/v1.14.0.tar.gz
    URL_HASH SHA256=8ad598c73ad796e0d8280b082cebd82a630d73e73cd3c70057938a6501bba5d7
    FIND_PACKAGE_ARGS 1.11 NAMES GTest)
  FetchContent_MakeAvailable(googletest)
endif()
