# cmake -DPORTFOLIO=... -DOUT=... -DSAMPLE=... -P portfolio_files.cmake
#
# The portfolio through its files: made up and saved, read again, priced alike, with figures beside.
file(MAKE_DIRECTORY ${OUT})

function(portfolio)
  execute_process(COMMAND ${PORTFOLIO} ${ARGN} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endfunction()
function(same a b)
  execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${a} ${b} RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${a} and ${b} differ")
  endif()
endfunction()

portfolio(--generate 200 --seed 7 --save-options ${OUT}/options.csv --output ${OUT}/made.csv
          --repetitions 2 --json ${OUT}/figures.json --csv ${OUT}/figures.csv)
same(${OUT}/options.csv ${SAMPLE})
portfolio(--input ${OUT}/options.csv --output ${OUT}/read.csv --repetitions 0)
same(${OUT}/made.csv ${OUT}/read.csv)

file(STRINGS ${OUT}/made.csv lines)
list(LENGTH lines count)
if(NOT count EQUAL 201)  # a header and a row an option
  message(FATAL_ERROR "${OUT}/made.csv has ${count} lines")
endif()

file(READ ${OUT}/figures.json figures)
string(JSON count LENGTH "${figures}")
if(count LESS 4)  # the plain loop, serial, cpu, auto
  message(FATAL_ERROR "${OUT}/figures.json lists ${count} contenders")
endif()
math(EXPR last "${count} - 1")
foreach(k RANGE ${last})
  string(JSON median GET "${figures}" ${k} median_ns)
  string(JSON minimum GET "${figures}" ${k} min_ns)
  string(JSON elements GET "${figures}" ${k} elements)
  if(NOT elements EQUAL 200 OR minimum GREATER median OR minimum LESS_EQUAL 0)
    message(FATAL_ERROR "entry ${k} of ${OUT}/figures.json makes no sense")
  endif()
endforeach()
