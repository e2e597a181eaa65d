# SPDX-License-Identifier: Apache-2.0
# What tensord links, all of it from Debian 12 (see ./dev for the package names).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd)
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c)
pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
# Only the headers of what is opened when first needed: oneDNN, OpenBLAS (none), the decoders of images.
find_path(DNNL_INCLUDE dnnl.h REQUIRED)
find_path(JPEG_INCLUDE jpeglib.h REQUIRED)
find_path(PNG_INCLUDE png.h REQUIRED)
find_path(GIF_INCLUDE gif_lib.h REQUIRED)
find_path(WEBP_INCLUDE webp/decode.h REQUIRED)
include(cmake/grpc.cmake)

add_library(tensord_libraries INTERFACE)
target_link_libraries(tensord_libraries INTERFACE
  PkgConfig::MICROHTTPD PkgConfig::PROTOBUF_C PkgConfig::CJSON ${GRPC_LIBRARIES} PkgConfig::OPENSSL
  PkgConfig::ZLIB PkgConfig::PCRE2 Threads::Threads m ${CMAKE_DL_LIBS})
target_include_directories(tensord_libraries SYSTEM INTERFACE ${DNNL_INCLUDE} ${JPEG_INCLUDE} ${PNG_INCLUDE}
  ${GIF_INCLUDE} ${WEBP_INCLUDE})
target_link_options(tensord_libraries INTERFACE -Wl,--as-needed)
