# What `cmake --install` lays down: headers, the library, the CMake package, hetmap.pc. All of it may
# be moved afterwards: both packages find the rest from where they lie.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/hetmap)
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
get_target_property(library_type hetmap TYPE)

install(TARGETS hetmap EXPORT hetmapTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/hetmap DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.hpp" PATTERN "*.cuh")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# -- find_package(hetmap) ---------------------------------------------------------------------
# A shared library brings its own dependencies; a static one needs them at the user's link.
set(static_dependencies "")
if(library_type STREQUAL "STATIC_LIBRARY")
  set(static_dependencies "include(CMakeFindDependencyMacro)\nfind_dependency(Threads)\n")
  if(HETMAP_TEAM STREQUAL "tbb")
    string(APPEND static_dependencies "find_dependency(TBB)\n")
  endif()
endif()
# The GPU half has targets of its own: who only uses hetmap::hetmap never looks for a CUDA toolkit.
set(has_gpu OFF)
if(TARGET hetmap_gpu)
  set(has_gpu ON)
  install(TARGETS hetmap_gpu EXPORT hetmapGpuTargets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT hetmapGpuTargets NAMESPACE hetmap:: DESTINATION ${package_dir})
endif()
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/hetmapConfig.cmake.in
  ${PROJECT_BINARY_DIR}/hetmapConfig.cmake
  INSTALL_DESTINATION ${package_dir}
  NO_SET_AND_CHECK_MACRO)
# Below 1.0 a minor version may change what users see.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/hetmapConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(EXPORT hetmapTargets NAMESPACE hetmap:: DESTINATION ${package_dir})
install(FILES ${PROJECT_BINARY_DIR}/hetmapConfig.cmake
              ${PROJECT_BINARY_DIR}/hetmapConfigVersion.cmake
              ${CMAKE_CURRENT_LIST_DIR}/GpuKernels.cmake
  DESTINATION ${package_dir})

# -- pkg-config hetmap ------------------------------------------------------------------------
# Requires.private would make `pkg-config --cflags` ask for tbb.pc, which users of the shared
# library need not have. A static library is of no use without its dependencies, so there they are
# not private: plain `pkg-config --libs` links as well as `--static` does.
set(pc_requires "")
set(pc_libs "")
if(library_type STREQUAL "STATIC_LIBRARY")
  set(pc_libs " -pthread")
  if(HETMAP_TEAM STREQUAL "tbb")
    set(pc_requires "Requires: tbb\n")
  endif()
  if(HETMAP_HAS_LIBMVEC)
    string(APPEND pc_libs " -lmvec -lm")
  endif()
endif()
file(RELATIVE_PATH pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" pc_prefix "\${pcfiledir}/${pc_prefix}")
foreach(name IN ITEMS includedir libdir)
  string(TOUPPER CMAKE_INSTALL_${name} installed)
  if(IS_ABSOLUTE "${${installed}}")
    set(pc_${name} "${${installed}}")
  else()
    set(pc_${name} "\${prefix}/${${installed}}")
  endif()
endforeach()
configure_file(${CMAKE_CURRENT_LIST_DIR}/hetmap.pc.in ${PROJECT_BINARY_DIR}/hetmap.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/hetmap.pc DESTINATION ${pkgconfig_dir})
