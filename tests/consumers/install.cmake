# cmake -DBUILD=dir -DPREFIX=dir [-DCONFIG=name] -P install.cmake: an install without leftovers of
# earlier ones.
file(REMOVE_RECURSE ${PREFIX})
set(config "")
if(CONFIG)
  set(config --config ${CONFIG})
endif()
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${PREFIX} ${config}
                COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
