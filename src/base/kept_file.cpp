#include "kept_file.hpp"

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

constexpr std::string_view sum_line = "checksum = ";

std::string checksum_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (char const c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

}  // namespace

read_file read_kept_file(std::string const& path, std::size_t largest) {
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
  out.text.resize(largest + 1);
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

int write_kept_file(std::string const& path, std::string const& text) {
  std::string const folder = folder_of(path);
  make_folders(folder);
  std::string part = path + ".XXXXXX";                 // the pattern that mkostemp() replaces
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

void add_checksum(std::string& text) {
  std::string const sum = checksum_of(text);
  text.append(sum_line).append(sum).append("\n");
}

bool take_checksum(std::string_view& text) {
  if (text.empty() || text.back() != '\n') return false;
  std::size_t const end_before = text.substr(0, text.size() - 1).rfind('\n');
  std::size_t const begin = end_before == std::string_view::npos ? 0 : end_before + 1;
  std::string_view const last = text.substr(begin, text.size() - 1 - begin);
  if (!last.starts_with(sum_line)) return false;
  text = text.substr(0, begin);
  return last.substr(sum_line.size()) == checksum_of(text);
}

}  // namespace hetmap::core
