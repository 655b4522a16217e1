# Sanitized builds cover everything: the core, the templates in the tests, the tests.
if(HETMAP_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(HETMAP_SANITIZE STREQUAL "thread")
  if(NOT HETMAP_TEAM STREQUAL "threads")
    message(FATAL_ERROR "HETMAP_SANITIZE=thread needs HETMAP_TEAM=threads: the thread sanitizer "
                        "cannot see the synchronisation inside oneTBB's own library")
  endif()
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
elseif(HETMAP_SANITIZE)
  message(FATAL_ERROR "HETMAP_SANITIZE=${HETMAP_SANITIZE}: the valid values are address and thread")
endif()
