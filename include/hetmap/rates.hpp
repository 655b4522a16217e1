// What was learned of kernels, kept from one run of a program to the next.
#pragma once

#include <hetmap/detail/config.hpp>

#include <cstddef>
#include <string>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

/// Writes what this process has learned of its kernels: what their elements cost, and what whole
/// calls of each size took on CPU and GPU. Folders are made; whoever reads `path` meanwhile finds
/// an old file or a new one, whole.
///
/// A kernel is its type's name, so a file belongs to one program: lambdas of another may have the
/// same names. Functions that are called through pointers are left out.
///
/// Throws:   io_error; std::bad_alloc.
/// Waits:    for the disk.
/// Cost:     some microseconds a kernel.
HETMAP_API void save_rates(std::string const& path);

/// What load_rates() came to.
struct loaded_rates {
  std::size_t kernels = 0;  ///< of which something is known now that was not
  std::string ignored{};    ///< why the file was ignored, in words; empty if it was not
};

/// Takes up what save_rates() has written on this machine, with this build of the library: the
/// first call of a kernel is planned as its last one was. What calls measure replaces it. Kernels
/// that this process has learned something of itself keep that, and costs on another GPU are left
/// out.
///
/// A file that is not there, is damaged, or is another machine's or build's changes nothing.
///
/// Throws:   std::bad_alloc.
/// Waits:    for the disk; for a driver to start, if the file knows of a GPU.
/// Memory:   some 4 KB a kernel, until the process ends.
HETMAP_API loaded_rates load_rates(std::string const& path);

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
