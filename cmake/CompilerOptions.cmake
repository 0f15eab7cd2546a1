# Warnings and sanitizers for our own targets only (digitrec_options), and the tools that make building
# quick where they are installed: ccache and mold.

add_library(digitrec_options INTERFACE)
target_compile_options(digitrec_options INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion)
if(DIGITREC_WARNINGS_AS_ERRORS)
  target_compile_options(digitrec_options INTERFACE -Werror)
endif()
if(DIGITREC_SANITIZE)
  target_compile_options(digitrec_options INTERFACE -fsanitize=${DIGITREC_SANITIZE} -fno-omit-frame-pointer
                                                    -fno-sanitize-recover=undefined)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Beside a sanitizer GCC warns of what is right in LibTorch's headers and in its own library.
    target_compile_options(digitrec_options INTERFACE -Wno-error)
  endif()
  target_link_options(digitrec_options INTERFACE -fsanitize=${DIGITREC_SANITIZE})
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "AppleClang")
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fexperimental-library>)  # std::jthread
  add_link_options(-fexperimental-library)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness that ccache's manual asks for with precompiled headers, which the tests have.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE_PROGRAM})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  endif()
endif()

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM AND (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12.1))
  add_link_options(-fuse-ld=mold)
endif()
