# SPDX-License-Identifier: Apache-2.0
# libtensord.so: the engine without the server, for programs that run models themselves. It exports what the headers of
# include/tensord declare.
set(engine_sources ${core_sources})
list(FILTER engine_sources EXCLUDE REGEX "/src/(batch|serve|api|codec|net|cli)/")

add_library(tensord_shared SHARED ${engine_sources})
set_target_properties(tensord_shared PROPERTIES
  OUTPUT_NAME tensord TENSORD_PIC ON VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
target_include_directories(tensord_shared PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(tensord_shared PRIVATE TENSORD_VERSION="${PROJECT_VERSION}")
target_link_libraries(tensord_shared PRIVATE tensord_proto tensord_flags tensord_libraries)
target_link_options(tensord_shared PRIVATE -Wl,--no-undefined -Wl,--exclude-libs,ALL -Wl,-z,nodelete)

file(RELATIVE_PATH PREFIX_FROM_PC /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${PROJECT_SOURCE_DIR}/cmake/tensord.pc.in ${PROJECT_BINARY_DIR}/tensord.pc @ONLY)
install(TARGETS tensord_shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/tensord DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${PROJECT_BINARY_DIR}/tensord.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${PROJECT_SOURCE_DIR}/examples/c/predict.c DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
