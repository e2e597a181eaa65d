# SPDX-License-Identifier: Apache-2.0
# The gRPC core: Debian's archives of it and of what only it uses, or its shared libraries. Leaves GRPC_LIBRARIES.
# Why archives: docs/decisions/dependencies.md.
option(TENSORD_STATIC_GRPC "Link the gRPC core from archives, if they are there" ON)

find_library(GRPC_LIBRARY grpc REQUIRED) # its .pc file names eighty libraries that a C program never calls
find_library(GPR_LIBRARY gpr REQUIRED)
set(GRPC_LIBRARIES ${GRPC_LIBRARY} ${GPR_LIBRARY})

# The sanitizers know the core as a library that is not instrumented (tests/tsan.supp).
if(TENSORD_STATIC_GRPC AND NOT TENSORD_SANITIZE AND NOT TENSORD_FUZZ)
  pkg_check_modules(GRPC_CORE QUIET grpc)
  set(archives "")
  set(missing "")
  set(names gpr ${GRPC_CORE_STATIC_LIBRARIES})
  list(FILTER names INCLUDE REGEX "^(grpc|gpr|upb|re2|address_sorting|absl_.*)$")
  list(REMOVE_DUPLICATES names)
  foreach(name IN LISTS names)
    find_library(GRPC_ARCHIVE_${name} lib${name}.a)
    mark_as_advanced(GRPC_ARCHIVE_${name})
    if(GRPC_ARCHIVE_${name})
      list(APPEND archives ${GRPC_ARCHIVE_${name}})
    else()
      list(APPEND missing ${name})
    endif()
  endforeach()
  find_library(CARES_LIBRARY cares)
  if(CARES_LIBRARY AND archives AND NOT missing AND "grpc" IN_LIST names)
    list(JOIN archives "," group)
    set(GRPC_LIBRARIES "$<LINK_GROUP:RESCAN,${group}>" ${CARES_LIBRARY} stdc++)
  else()
    message(STATUS "The gRPC core is linked as shared libraries; no archives of: ${missing}")
  endif()
endif()
