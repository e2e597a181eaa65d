# SPDX-License-Identifier: Apache-2.0
# proto/a/b.proto becomes "a/b.pb-c.h" in tensord_proto's include directory, at build time.
find_program(PROTOC_C protoc-c REQUIRED)
set(proto_root ${PROJECT_SOURCE_DIR}/proto)
set(proto_out ${PROJECT_BINARY_DIR}/proto)
file(GLOB_RECURSE proto_files CONFIGURE_DEPENDS RELATIVE ${proto_root} ${proto_root}/*.proto)

file(MAKE_DIRECTORY ${proto_out})
file(WRITE ${proto_out}/empty.c.in "typedef int tensord_proto_is_empty;\n")
configure_file(${proto_out}/empty.c.in ${proto_out}/empty.c COPYONLY)
set(proto_sources ${proto_out}/empty.c) # so that the library exists before the first .proto does
foreach(file IN LISTS proto_files)
  string(REGEX REPLACE "\\.proto$" ".pb-c" stem ${file})
  add_custom_command(
    OUTPUT ${proto_out}/${stem}.c ${proto_out}/${stem}.h
    COMMAND ${PROTOC_C} -I${proto_root} --c_out=${proto_out} ${proto_root}/${file}
    DEPENDS ${proto_root}/${file}
    COMMENT "protoc-c ${file}"
    VERBATIM)
  list(APPEND proto_sources ${proto_out}/${stem}.c ${proto_out}/${stem}.h)
endforeach()

add_library(tensord_proto STATIC ${proto_sources})
target_compile_options(tensord_proto PRIVATE -w)
target_include_directories(tensord_proto SYSTEM PUBLIC ${proto_out})
target_link_libraries(tensord_proto PUBLIC PkgConfig::PROTOBUF_C PRIVATE tensord_base_flags)
