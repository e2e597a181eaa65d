# SPDX-License-Identifier: Apache-2.0
# Programs of bench/, which no test needs: targets of their own, beside `all`.
foreach(name IN ITEMS echo_grpc echo_http)
  add_executable(${name} EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/bench/${name}.c)
  target_link_libraries(${name} PRIVATE tensord_flags tensord_libraries)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
endforeach()
add_custom_target(bench DEPENDS tensord echo_grpc echo_http)
