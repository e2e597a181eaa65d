# SPDX-License-Identifier: Apache-2.0
# tensord_core (every room), tensord (src/main.c), its TF Serving name, and what gets installed.
file(GLOB_RECURSE core_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/*.c)
list(REMOVE_ITEM core_sources ${PROJECT_SOURCE_DIR}/src/main.c)

# Kernels get -O3, and their variant files the instruction set in their name. Never -ffast-math: results
# must not depend on which body ran.
set(kernel_flags -O3 -fno-math-errno -fno-trapping-math)
set(avx2_flags -mavx2 -mfma -mf16c -mbmi2)
set(avx512_flags ${avx2_flags} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512cd
  -mprefer-vector-width=512)
set(vnni_flags ${avx512_flags} -mavx512vnni)
set(avx512_bf16_flags ${avx512_flags} -mavx512bf16)
set(amx_flags ${vnni_flags} ${avx512_bf16_flags} -mamx-tile -mamx-int8 -mamx-bf16)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND TENSORD_SANITIZE MATCHES "address")
  # gcc before 14 misaligns 64-byte vectors in ASan's fake stack frames (its bug 110027).
  list(APPEND avx512_flags --param=asan-use-after-return=0)
endif()
foreach(source IN LISTS core_sources)
  set(flags "")
  if(source MATCHES "/src/kernels/" AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    list(APPEND flags ${kernel_flags})
  endif()
  if(source MATCHES "_(avx2|avx512|avx512_bf16|vnni|amx)\\.c$")
    set(isa ${CMAKE_MATCH_1}) # the next MATCHES overwrites it
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
      list(APPEND flags ${${isa}_flags})
    else()
      list(REMOVE_ITEM core_sources ${source})
    endif()
  endif()
  set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "${flags}")
endforeach()

if(NOT core_sources)
  set_source_files_properties(${PROJECT_BINARY_DIR}/proto/empty.c PROPERTIES GENERATED TRUE)
  set(core_sources ${PROJECT_BINARY_DIR}/proto/empty.c)
endif()
add_library(tensord_core STATIC ${core_sources})
target_include_directories(tensord_core PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(tensord_core PUBLIC TENSORD_VERSION="${PROJECT_VERSION}")
target_link_libraries(tensord_core PUBLIC tensord_proto tensord_flags tensord_libraries)

add_executable(tensord ${PROJECT_SOURCE_DIR}/src/main.c)
target_link_libraries(tensord PRIVATE tensord_core)
add_custom_command(TARGET tensord POST_BUILD
  COMMAND ${CMAKE_COMMAND} -E create_symlink tensord tensorflow_model_server
  WORKING_DIRECTORY ${PROJECT_BINARY_DIR}
  VERBATIM)

# The shells' completion, which the binary writes; what gets installed has no sanitizer.
if(NOT TENSORD_SANITIZE AND (NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR))
  set(completion ${PROJECT_BINARY_DIR}/completion)
  file(MAKE_DIRECTORY ${completion})
  add_custom_command(TARGET tensord POST_BUILD
    COMMAND sh -c "\"$@\" bash >tensord && \"$@\" zsh >_tensord" sh
      ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:tensord> completion
    COMMAND ${CMAKE_COMMAND} -E create_symlink tensord tensorflow_model_server
    WORKING_DIRECTORY ${completion}
    VERBATIM)
  install(FILES ${completion}/tensord ${completion}/tensorflow_model_server
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${completion}/_tensord DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
endif()

install(TARGETS tensord RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${PROJECT_BINARY_DIR}/tensorflow_model_server DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${PROJECT_SOURCE_DIR}/docs/tensord.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
