#include "profile_file.hpp"

#include "error.hpp"
#include "this_machine.hpp"

#include <hetmap/error.hpp>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hetmap::core {
namespace {

/// A descriptor, closed at the end.
class open_file {
 public:
  explicit open_file(int number) noexcept : number_(number) {}
  ~open_file() { static_cast<void>(close()); }
  open_file(open_file const&) = delete;
  open_file& operator=(open_file const&) = delete;

  [[nodiscard]] int number() const noexcept { return number_; }
  /// Returns:  the system's error; 0: none.
  int close() noexcept {
    int const number = std::exchange(number_, -1);
    return number == -1 || ::close(number) == 0 ? 0 : errno;
  }

 private:
  int number_;
};

/// Calls until it is not interrupted.
template <class Call>
auto uninterrupted(Call call) {
  for (;;)
    if (auto const result = call(); result != -1 || errno != EINTR) return result;
}

std::string folder_of(std::string const& path) {
  std::size_t const slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

/// Makes the folders that a path goes through, for this user only, as the XDG specification says.
void make_folders(std::string const& folder) {
  for (std::size_t at = folder.find('/', 1); at != std::string::npos; at = folder.find('/', at + 1))
    ::mkdir(folder.substr(0, at).c_str(), 0700);
  ::mkdir(folder.c_str(), 0700);  // what is wrong shows when a file is made there
}

int write_all(int file, std::string const& text) {
  for (std::size_t done = 0; done != text.size();) {
    auto const n =
        uninterrupted([&] { return ::write(file, text.data() + done, text.size() - done); });
    if (n <= 0) return n == 0 ? EIO : errno;
    done += static_cast<std::size_t>(n);
  }
  return uninterrupted([&] { return ::fsync(file); }) == 0 ? 0 : errno;
}

std::string variable(char const* name) {
  char const* const text = std::getenv(name);
  return text == nullptr ? "" : text;
}

}  // namespace

profile_place place_for(std::string const& variable, std::string const& cache_home,
                        std::string const& home, std::string const& machine) {
  if (variable == "off") return {.nowhere = "turned off by HETMAP_PROFILE=off"};
  if (!variable.empty()) return {.path = variable, .by_name = true};
  // The specification has relative paths ignored.
  std::string folder;
  if (cache_home.starts_with('/'))
    folder = cache_home;
  else if (home.starts_with('/'))
    folder = home + "/.cache";
  else
    return {.nowhere = "none: neither XDG_CACHE_HOME nor HOME names a folder"};
  // Machines that share a home have a file each.
  std::uint32_t hash = 2166136261u;  // FNV-1a
  for (char const c : machine) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  char name[32];
  std::snprintf(name, sizeof name, "profile-%08x", static_cast<unsigned>(hash));
  return {.path = folder + "/hetmap/" + name};
}

profile_place profile_place_here() {
  return place_for(variable("HETMAP_PROFILE"), variable("XDG_CACHE_HOME"), variable("HOME"),
                   this_machine());
}

read_file read_profile(std::string const& path) {
  // A pipe would be waited for.
  int const flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  open_file const file(uninterrupted([&] { return ::open(path.c_str(), flags); }));
  read_file out;
  if (file.number() == -1) {
    out.error = errno;
    out.why = std::strerror(out.error);
    return out;
  }
  struct stat s {};
  if (::fstat(file.number(), &s) != 0 || !S_ISREG(s.st_mode)) {
    out.error = S_ISDIR(s.st_mode) ? EISDIR : EINVAL;
    out.why = S_ISDIR(s.st_mode) ? "it is a folder" : "it is no regular file";
    return out;
  }
  // One byte more shows that it is too large.
  out.text.resize(largest_profile + 1);
  std::size_t size = 0;
  while (size != out.text.size()) {
    auto const n = uninterrupted(
        [&] { return ::read(file.number(), out.text.data() + size, out.text.size() - size); });
    if (n == -1) {
      out.error = errno;
      out.why = std::strerror(out.error);
    }
    if (n <= 0) break;
    size += static_cast<std::size_t>(n);
  }
  out.text.resize(size);
  return out;
}

int write_profile(std::string const& path, std::string const& text) {
  std::string const folder = folder_of(path);
  make_folders(folder);
  std::string part = path + ".XXXXXX";
  open_file file(::mkostemp(part.data(), O_CLOEXEC));  // for this user only
  if (file.number() == -1) return errno;
  int error = write_all(file.number(), text);
  if (int const closing = file.close(); error == 0) error = closing;
  if (error == 0 && ::rename(part.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(part.c_str());
    return error;
  }
  // So that the name lasts as well; where folders cannot be written out, that is all there is.
  open_file const there(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (there.number() != -1) ::fsync(there.number());
  return 0;
}

}  // namespace hetmap::core

namespace hetmap {
inline namespace HETMAP_ABI {

namespace {

[[noreturn]] void refuse(char const* what, std::string const& path, std::string const& why,
                         int code) {
  core::clear_failed_index();
  throw io_error(
      std::string("hetmap: cannot ").append(what).append(" '").append(path).append("': " + why),
      code);
}

}  // namespace

void save_profile(machine_profile const& profile, std::string const& path) {
  std::string const wrong = core::implausible(profile);
  if (!wrong.empty()) refuse("write", path, wrong, 0);
  int const error = core::write_profile(path, core::profile_text(profile));
  if (error != 0) refuse("write", path, std::strerror(error), error);
}

machine_profile load_profile(std::string const& path) {
  core::read_file const file = core::read_profile(path);
  if (!file.why.empty()) refuse("read", path, file.why, file.error);
  core::parsed_profile parsed = core::parse_profile(file.text);
  if (!parsed.error.empty()) refuse("read", path, parsed.error, 0);
  return std::move(parsed.profile);
}

std::string profile_path() { return core::profile_place_here().path; }

}  // namespace HETMAP_ABI
}  // namespace hetmap
