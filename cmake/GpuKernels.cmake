# hetmap_add_gpu_kernels(target file...): compiles files with HETMAP_GPU_KERNEL lines into a target, as
# CUDA, and links hetmap's GPU half. Works for programs, shared libraries, plugins and static
# libraries; in the last, the linker is told to keep the files although nothing refers to them.
#
# Where hetmap was built without CUDA the files are left out: the same project builds there, for the
# CPU. Uses CMAKE_CUDA_ARCHITECTURES as any CUDA file does.
function(hetmap_add_gpu_kernels target)
  if(NOT TARGET hetmap::gpu)
    message(STATUS "${target}: no GPU kernels, since this hetmap was built without CUDA")
    return()
  endif()
  if(NOT CMAKE_CUDA_COMPILER)
    message(FATAL_ERROR "hetmap_add_gpu_kernels(${target} ...) needs the CUDA language: add CUDA to "
                        "the LANGUAGES of project(), or call enable_language(CUDA) before it")
  endif()
  # A static GPU half brings its CUDA runtime along by name.
  if(NOT TARGET CUDA::cudart_static)
    find_package(CUDAToolkit REQUIRED)
  endif()

  get_target_property(type ${target} TYPE)
  foreach(file IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH file OUTPUT_VARIABLE path)
    file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${path})
    string(MD5 name "${PROJECT_NAME}/${name}")
    set(symbol hetmap_gpu_file_${name})
    target_sources(${target} PRIVATE ${path})
    set_source_files_properties(${path} TARGET_DIRECTORY ${target} PROPERTIES
      LANGUAGE CUDA COMPILE_DEFINITIONS HETMAP_GPU_FILE=${symbol})
    if(type STREQUAL "STATIC_LIBRARY")
      target_link_options(${target} INTERFACE LINKER:-u,${symbol})
    endif()
  endforeach()

  # Devices that a static GPU half has opened outlive the plugin that it was linked into.
  get_target_property(half hetmap::gpu TYPE)
  if(half STREQUAL "STATIC_LIBRARY" AND type MATCHES "^(SHARED|MODULE)_LIBRARY$")
    target_link_options(${target} PRIVATE LINKER:-z,nodelete)
  endif()

  # CMake 3.25 does not know how to ask nvcc 13 for a standard.
  get_target_property(standard ${target} CUDA_STANDARD)
  if(NOT standard)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20>)
  endif()
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr;--extended-lambda>)
  set_target_properties(${target} PROPERTIES CUDA_RUNTIME_LIBRARY Static)
  target_link_libraries(${target} PRIVATE hetmap::gpu)
endfunction()
