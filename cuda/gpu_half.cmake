# Adds the CUDA half where files for nvcc can be compiled.
if(HETMAP_HAS_CUDA)
  add_subdirectory(${CMAKE_CURRENT_LIST_DIR})
endif()
