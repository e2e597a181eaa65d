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

# What server reflection answers with: the files of the services, and all that these import, as a FileDescriptorSet.
set(served_protos
  tensorflow_serving/apis/prediction_service.proto tensorflow_serving/apis/model_service.proto
  tensorflow_serving/apis/session_service.proto
  grpc/health/v1/health.proto grpc/reflection/v1/reflection.proto grpc/reflection/v1alpha/reflection.proto)
list(TRANSFORM proto_files PREPEND ${proto_root}/ OUTPUT_VARIABLE proto_paths)
add_custom_command(
  OUTPUT ${proto_out}/descriptors.c
  COMMAND ${PROTOC_C} -I${proto_root} --include_imports --descriptor_set_out=${proto_out}/descriptors.pb
    ${served_protos}
  COMMAND ${CMAKE_COMMAND} -DNAME=td_proto_descriptors -DIN=${proto_out}/descriptors.pb
    -DOUT=${proto_out}/descriptors.c -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${proto_paths} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
  COMMENT "descriptors of what is served"
  VERBATIM)
list(APPEND proto_sources ${proto_out}/descriptors.c)

add_library(tensord_proto STATIC ${proto_sources})
set_target_properties(tensord_proto PROPERTIES TENSORD_PIC ${TENSORD_SHARED})
target_compile_options(tensord_proto PRIVATE -w)
target_include_directories(tensord_proto SYSTEM PUBLIC ${proto_out})
target_link_libraries(tensord_proto PUBLIC PkgConfig::PROTOBUF_C PRIVATE tensord_base_flags)
