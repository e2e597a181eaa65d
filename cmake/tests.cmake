# SPDX-License-Identifier: Apache-2.0
# Tests by directory:
#   tests/unit/<room>/test_x.c   cmocka program, ctest name unit.<room>.x
#   tests/support/*.c            linked into every unit test, if any
#   tests/kernels/*.c            one program, check: every kernel variant against its reference
#   tests/graphs/*.c             one program, graphs: random graphs, with every pass and without
#   tests/rows/*.c               one program, rows: rows of models alone and together
#   tests/fuzz/fuzz_x.c          libFuzzer target (preset fuzz); elsewhere it replays tests/fuzz/corpus/x/
#   tests/{e2e,ops,models,lint}/test_x.py  python3, with the binary's path in $TENSORD
# Whatever else lies there is a module of these, not a test.
set(tests_root ${PROJECT_SOURCE_DIR}/tests)
# Debian's python3, the one that has Debian's python3-grpcio and python3-numpy.
find_program(PYTHON3 python3 PATHS /usr/bin NO_DEFAULT_PATH)
if(NOT PYTHON3)
  find_program(PYTHON3 python3)
endif()

# What the sanitizers need to know, for every test.
set(test_env
  # not detect_stack_use_after_return: gcc 12 then misaligns AVX-512 variables (its bug 110027)
  "ASAN_OPTIONS=abort_on_error=0:detect_stack_use_after_return=0:strict_string_checks=1"
  "UBSAN_OPTIONS=print_stacktrace=1"
  # a report of a race inside the gRPC core, which is not instrumented, costs more the more there were: seconds in the end
  "TSAN_OPTIONS=suppressions=${tests_root}/tsan.supp:print_suppressions=0:second_deadlock_stack=1:ignore_noninstrumented_modules=1")

set(unit_timeout 120)
set(script_timeout 300)
set(graphs_count 2000) # two processes of less than a minute
set(is_slow "")
if(TENSORD_SANITIZE)
  set(is_slow sanitizer)
  set(unit_timeout 600) # sweeps take ten times as long there
elseif(CMAKE_CROSSCOMPILING_EMULATOR)
  set(is_slow emulator)
  set(unit_timeout 1800)
  set(script_timeout 1200)
endif()
if(is_slow OR CMAKE_BUILD_TYPE STREQUAL "Debug")
  set(graphs_count 200)
endif()

# ---- unit -----------------------------------------------------------------------------------------------
pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
file(GLOB support_sources CONFIGURE_DEPENDS ${tests_root}/support/*.c)
add_library(tensord_test INTERFACE)
target_link_libraries(tensord_test INTERFACE tensord_core)
target_include_directories(tensord_test INTERFACE ${tests_root} ${tests_root}/support)
target_compile_definitions(tensord_test INTERFACE TD_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
if(support_sources)
  add_library(tensord_test_support STATIC ${support_sources})
  target_link_libraries(tensord_test_support PUBLIC tensord_core)
  target_compile_definitions(tensord_test_support PRIVATE TD_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(tensord_test INTERFACE tensord_test_support)
endif()

file(GLOB_RECURSE unit_sources CONFIGURE_DEPENDS RELATIVE ${tests_root}/unit ${tests_root}/unit/test_*.c)
if(unit_sources AND NOT CMOCKA_FOUND)
  message(FATAL_ERROR "cmocka is missing (libcmocka-dev), or configure with -DTENSORD_TESTS=OFF")
endif()
foreach(source IN LISTS unit_sources)
  string(REGEX REPLACE "^(.*)/test_([^/]*)\\.c$" "\\1.\\2" name ${source})
  string(REPLACE "/" "." name ${name})
  add_executable(unit.${name} ${tests_root}/unit/${source})
  target_link_libraries(unit.${name} PRIVATE tensord_test PkgConfig::CMOCKA)
  set_target_properties(unit.${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME unit.${name} COMMAND unit.${name})
  set_tests_properties(unit.${name} PROPERTIES TIMEOUT ${unit_timeout} LABELS unit ENVIRONMENT "${test_env}")
endforeach()

# Quantised models answer the same to the last bit, whichever bodies run.
foreach(level IN ITEMS ref avx2)
  add_test(NAME unit.exec.tflite_goldens.${level} COMMAND unit.exec.tflite_goldens)
  set_tests_properties(unit.exec.tflite_goldens.${level} PROPERTIES TIMEOUT ${unit_timeout} LABELS unit
                       ENVIRONMENT "${test_env};TENSORD_CPU=${level}")
endforeach()

# ---- kernels --------------------------------------------------------------------------------------------
file(GLOB check_sources CONFIGURE_DEPENDS ${tests_root}/kernels/*.c)
if(check_sources)
  add_executable(check ${check_sources})
  target_link_libraries(check PRIVATE tensord_test)
  target_include_directories(check PRIVATE ${tests_root}/kernels)
  add_test(NAME kernels.check COMMAND check)
  # LeakSanitizer of gcc 12 dies of the registers of a thread that used AMX; the levels below have the same allocations.
  set_tests_properties(kernels.check PROPERTIES TIMEOUT ${script_timeout} LABELS kernels
                       ENVIRONMENT "${test_env};LSAN_OPTIONS=detect_leaks=0")
  # AVX2 packs weights in another order (kernels/gemm), whichever body reads them.
  add_test(NAME kernels.check_avx2 COMMAND check gemm products conv_bodies rnn rows)
  set_tests_properties(kernels.check_avx2 PROPERTIES TIMEOUT ${script_timeout} LABELS kernels
                       ENVIRONMENT "${test_env};TENSORD_CPU=avx2")
  if(TENSORD_SANITIZE)
    add_test(NAME kernels.check_bf16 COMMAND check)
    set_tests_properties(kernels.check_bf16 PROPERTIES TIMEOUT ${script_timeout} LABELS kernels
                         ENVIRONMENT "${test_env};TENSORD_CPU=avx512+bf16")
  endif()
endif()

# ---- graphs ---------------------------------------------------------------------------------------------
file(GLOB graphs_sources CONFIGURE_DEPENDS ${tests_root}/graphs/*.c)
if(graphs_sources)
  add_executable(graphs ${graphs_sources})
  target_link_libraries(graphs PRIVATE tensord_test)
  target_include_directories(graphs PRIVATE ${tests_root}/graphs)
  set_target_properties(graphs PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  foreach(seed IN ITEMS 1000000 2000000)
    add_test(NAME graphs.${seed} COMMAND graphs --seed ${seed} --count ${graphs_count})
    set_tests_properties(graphs.${seed} PROPERTIES TIMEOUT 1800 LABELS graphs ENVIRONMENT "${test_env}")
  endforeach()
  math(EXPR graphs_spoiled "${graphs_count} / 5")
  add_test(NAME graphs.hostile COMMAND graphs --hostile --count ${graphs_spoiled})
  set_tests_properties(graphs.hostile PROPERTIES TIMEOUT 1800 LABELS graphs ENVIRONMENT "${test_env}")
endif()

# ---- rows -----------------------------------------------------------------------------------------------
file(GLOB rows_sources CONFIGURE_DEPENDS ${tests_root}/rows/*.c)
if(rows_sources)
  add_executable(rows ${rows_sources})
  target_link_libraries(rows PRIVATE tensord_test)
  target_include_directories(rows PRIVATE ${tests_root}/rows)
  set_target_properties(rows PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  file(GLOB rows_models CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/models/*/1)
  add_test(NAME rows.models COMMAND rows ${rows_models})
  set_tests_properties(rows.models PROPERTIES TIMEOUT ${script_timeout} LABELS rows ENVIRONMENT "${test_env}")
endif()

# ---- fuzz -----------------------------------------------------------------------------------------------
file(GLOB fuzz_sources CONFIGURE_DEPENDS ${tests_root}/fuzz/fuzz_*.c)
if(fuzz_sources)
  add_library(tensord_fuzz_support STATIC ${tests_root}/fuzz/temp.c ${tests_root}/fuzz/driver.c)
  target_link_libraries(tensord_fuzz_support PRIVATE tensord_core)
  target_include_directories(tensord_fuzz_support PRIVATE ${tests_root}/fuzz)
endif()
foreach(source IN LISTS fuzz_sources)
  get_filename_component(name ${source} NAME_WE)
  string(REGEX REPLACE "^fuzz_" "" corpus ${name})
  if(TENSORD_FUZZ)
    add_executable(${name} ${source})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set(arguments -runs=0 ${tests_root}/fuzz/corpus/${corpus})
  else()
    add_executable(${name} ${source} ${tests_root}/fuzz/replay.c)
    set(arguments ${tests_root}/fuzz/corpus/${corpus})
  endif()
  target_link_libraries(${name} PRIVATE tensord_test tensord_fuzz_support)
  target_include_directories(${name} PRIVATE ${tests_root}/fuzz)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME fuzz.${corpus} COMMAND ${name} ${arguments})
  set_tests_properties(fuzz.${corpus} PROPERTIES TIMEOUT 120 LABELS fuzz ENVIRONMENT "${test_env}")
endforeach()

# ---- python ---------------------------------------------------------------------------------------------
# The messages of proto/ for Python clients, where protoc is there.
find_program(PROTOC protoc)
set(proto_py ${PROJECT_BINARY_DIR}/proto_py)
if(PROTOC AND proto_files)
  list(TRANSFORM proto_files PREPEND ${proto_root}/ OUTPUT_VARIABLE proto_paths)
  add_custom_command(
    OUTPUT ${proto_py}/stamp
    COMMAND ${CMAKE_COMMAND} -E make_directory ${proto_py}
    COMMAND ${PROTOC} -I${proto_root} --python_out=${proto_py} ${proto_paths}
    COMMAND ${CMAKE_COMMAND} -E touch ${proto_py}/stamp
    DEPENDS ${proto_paths}
    COMMENT "protoc --python_out"
    VERBATIM)
  add_custom_target(proto_py ALL DEPENDS ${proto_py}/stamp)
endif()

# What the scripts run: the binary, or what stands for it where another machine is emulated, under the name it is called by.
set(tensord_to_run $<TARGET_FILE:tensord>)
if(CMAKE_CROSSCOMPILING_EMULATOR)
  set(tensord_to_run ${PROJECT_BINARY_DIR}/tests/tensord)
  list(JOIN CMAKE_CROSSCOMPILING_EMULATOR " " emulator)
  file(GENERATE OUTPUT ${tensord_to_run} CONTENT "#!/bin/sh\nexec ${emulator} -0 \"$0\" $<TARGET_FILE:tensord> \"$@\"\n"
    FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
endif()
set(python_env ${test_env}
  "TENSORD=${tensord_to_run}" "TENSORD_PROTO_PY=${proto_py}" "TENSORD_SOURCE=${PROJECT_SOURCE_DIR}"
  "TENSORD_BUILD=${PROJECT_BINARY_DIR}" "TENSORD_SLOW=${is_slow}"
  "PYTHONPATH=${tests_root}/e2e:${proto_py}" "PYTHONDONTWRITEBYTECODE=1")
if(NOT PYTHON3)
  message(WARNING "no python3: the lints and the end-to-end tests are left out (./dev test installs it)")
endif()
foreach(kind IN ITEMS lint e2e ops models)
  file(GLOB scripts CONFIGURE_DEPENDS ${tests_root}/${kind}/test_*.py)
  foreach(script IN LISTS scripts)
    if(NOT PYTHON3)
      break()
    endif()
    get_filename_component(name ${script} NAME_WE)
    string(REGEX REPLACE "^test_" "" name ${name})
    add_test(NAME ${kind}.${name} COMMAND ${PYTHON3} ${script})
    set_tests_properties(${kind}.${name} PROPERTIES TIMEOUT ${script_timeout} LABELS ${kind} ENVIRONMENT "${python_env}")
  endforeach()
endforeach()
