# cmake -DMESSAGE=<regular expression> -P refuses.cmake -- program arguments...
#
# Fails unless the program exits with a status of its own other than 0 and says MESSAGE on standard
# error.
set(command "")
set(after FALSE)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(k RANGE ${last})
  if(after)
    list(APPEND command "${CMAKE_ARGV${k}}")
  elseif(CMAKE_ARGV${k} STREQUAL "--")
    set(after TRUE)
  endif()
endforeach()
execute_process(COMMAND ${command} RESULT_VARIABLE status ERROR_VARIABLE said OUTPUT_QUIET)
# A program that was killed leaves the name of the signal where its status would be.
if(NOT status MATCHES "^[0-9]+$" OR status EQUAL 0)
  message(FATAL_ERROR "status ${status} where a refusal was expected; it said:\n${said}")
endif()
if(NOT said MATCHES "${MESSAGE}")
  message(FATAL_ERROR "expected '${MESSAGE}' in:\n${said}")
endif()
