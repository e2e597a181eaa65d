# SPDX-License-Identifier: Apache-2.0
# Compiler flags. tensord_flags is for our own code; generated code links tensord_base_flags only.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_C_FLAGS_RELEASE "-O2") # no NDEBUG: TD_ASSERT stays on in release
set(CMAKE_C_FLAGS_DEBUG "-O1 -g -DTD_DEBUG=1")

if(NOT CMAKE_C_COMPILER_LAUNCHER)
  find_program(TENSORD_CCACHE ccache)
  if(TENSORD_CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${TENSORD_CCACHE})
  endif()
endif()

add_library(tensord_base_flags INTERFACE)
target_compile_definitions(tensord_base_flags INTERFACE _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE)
# PIE, not PIC: nothing of ours can be interposed, so calls inside a file may be inlined. Of what goes into libtensord.so
# (TENSORD_PIC) the same is true, as only what the public headers declare can be seen.
target_compile_options(tensord_base_flags INTERFACE
  $<IF:$<BOOL:$<TARGET_PROPERTY:TENSORD_PIC>>,-fPIC,-fPIE> $<$<BOOL:$<TARGET_PROPERTY:TENSORD_PIC>>:-fvisibility=hidden>)
target_link_options(tensord_base_flags INTERFACE $<$<NOT:$<STREQUAL:$<TARGET_PROPERTY:TYPE>,SHARED_LIBRARY>>:-pie>)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  # The floor; anything above it is chosen at run time (src/base/cpu.c).
  target_compile_options(tensord_base_flags INTERFACE -march=x86-64-v2)
endif()
if(TENSORD_SANITIZE)
  set(sanitize -fsanitize=${TENSORD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(tensord_base_flags INTERFACE ${sanitize})
  target_link_options(tensord_base_flags INTERFACE ${sanitize})
endif()
if(TENSORD_FUZZ)
  target_compile_options(tensord_base_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(TENSORD_COVERAGE)
  target_compile_options(tensord_base_flags INTERFACE --coverage)
  target_link_options(tensord_base_flags INTERFACE --coverage)
endif()

add_library(tensord_flags INTERFACE)
target_link_libraries(tensord_flags INTERFACE tensord_base_flags)
# No contraction behind our back: a fast body that wants fma says so, the reference stays the same everywhere.
target_compile_options(tensord_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
  -ffp-contract=off -fstack-protector-strong)
if(CMAKE_C_COMPILER_ID MATCHES "Clang")
  # TD_ASSERT(!"why") is fine.
  target_compile_options(tensord_flags INTERFACE -Wthread-safety -Wno-string-conversion)
endif()
