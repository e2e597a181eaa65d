# SPDX-License-Identifier: Apache-2.0
# Toolchain of the preset `arm64`: Debian's cross compiler, libraries of Debian for arm64 in a directory of their own, and
# qemu for what a build or a test runs. `./dev arm64 setup` makes all three.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)

set(triplet aarch64-linux-gnu)
if(DEFINED ENV{TENSORD_ARM64_ROOT})
  set(root $ENV{TENSORD_ARM64_ROOT})
else()
  set(root ${CMAKE_CURRENT_LIST_DIR}/../build/arm64-root)
endif()
get_filename_component(root ${root} ABSOLUTE)
set(CMAKE_SYSROOT ${root} CACHE PATH "Libraries and headers of Debian's arm64")
set(CMAKE_C_COMPILER ${triplet}-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE ${triplet})
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static;-L;${CMAKE_SYSROOT})

# Programs are this machine's, the rest is the other's.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} ${CMAKE_SYSROOT}/usr/lib/${triplet}/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
