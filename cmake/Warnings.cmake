# The warnings that hetmap's own targets are compiled with; never passed on to users.
function(hetmap_warnings target)
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wconversion;-Wshadow>
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${HETMAP_WERROR}>>:-Werror>)
endfunction()
