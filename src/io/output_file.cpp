// Files that are written: in place where there was nothing, else alongside and put into place at
// the end.
#include "../base/error.hpp"
#include "system.hpp"

#include <hetmap/detail/seam/file.hpp>
#include <hetmap/error.hpp>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <ctime>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

namespace {

/// One writing call, without the signals that a closed pipe and a limit to the size of files send,
/// which would end the process.
template <class Call>
ssize_t without_signals(Call&& call) {
  sigset_t pending, ours, before;
  sigemptyset(&ours);
  sigpending(&pending);
  for (int const s : {SIGPIPE, SIGXFSZ})
    if (sigismember(&pending, s) == 0) sigaddset(&ours, s);
  pthread_sigmask(SIG_BLOCK, &ours, &before);
  auto const result = retried(call);
  int const error = errno;
  // A pipe that is closed in the middle of a write sends one too, and the write succeeds in part.
  timespec const none{0, 0};
  while (sigtimedwait(&ours, nullptr, &none) != -1 || errno == EINTR) {
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return result;
}

/// A name, and the folder that it is in.
struct place {
  std::string folder;
  std::string name;
};

place place_of(std::string const& path) {
  std::size_t const slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

/// Where the file itself is, behind symbolic links; nothing where a link of the system's stands for
/// an open descriptor: the descriptor would keep the old file.
std::optional<place> behind_links(std::string const& path) {
  place at = place_of(path);
  for (int links = 0; links != 40; ++links) {
    std::string const whole = at.folder + "/" + at.name;
    char to[PATH_MAX];
    ssize_t const n = ::readlink(whole.c_str(), to, sizeof to);
    if (n == -1) return at;
    struct statfs fs {};
    if (n == sizeof to || ::statfs(at.folder.c_str(), &fs) != 0 || fs.f_type == PROC_SUPER_MAGIC)
      return std::nullopt;
    std::string const next(to, static_cast<std::size_t>(n));
    at = place_of(next.front() == '/' ? next : at.folder + "/" + next);
  }
  return std::nullopt;
}

/// Whether the file is a mount of its own, whose name cannot be given to another.
bool is_mounted(int file) {
  struct statx s {};
  return ::statx(file, "", AT_EMPTY_PATH, 0, &s) == 0 &&
         (s.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/// Whether a new file now has the extended attributes of the old one, access lists among them, but
/// for those that are the system's to give.
bool has_attributes_of(int made, int old) {
  // Inherited from the folder, which the old file may not have.
  ::fremovexattr(made, "system.posix_acl_access");
  char names[4096], value[65536];  // more than file systems have room for, mostly; else: no
  ssize_t const length = ::flistxattr(old, names, sizeof names);
  if (length == -1) return errno == ENOTSUP;
  for (char const* name = names; name < names + length; name += std::strlen(name) + 1) {
    ssize_t const n = ::fgetxattr(old, name, value, sizeof value);
    bool const copied =
        n != -1 && ::fsetxattr(made, name, value, static_cast<std::size_t>(n), 0) == 0;
    if (!copied && !std::string_view(name).starts_with("security.")) return false;
  }
  return true;
}

/// Makes a new file look like the old one to others.
bool made_like(int made, int old) {
  struct stat s {
  }, m{};
  if (::fstat(old, &s) != 0 || ::fstat(made, &m) != 0 || s.st_dev != m.st_dev) return false;
  bool const same_owner = s.st_uid == m.st_uid && s.st_gid == m.st_gid;
  return (same_owner || ::fchown(made, s.st_uid, s.st_gid) == 0) && has_attributes_of(made, old) &&
         ::fchmod(made, s.st_mode & 07777) == 0;
}

[[noreturn]] void refuse_to_lose(std::string const& path) {
  core::clear_failed_index();
  throw io_error(std::string("hetmap: cannot write '")
                     .append(path)
                     .append("': it is being read here, and what has not been read yet would be "
                             "lost; write to another file"),
                 0);
}

}  // namespace

void output_file::open(std::string path, bool keep) {
  close();
  *this = output_file();
  path_ = std::move(path);
  struct stat s {};
  bool const known = ::stat(path_.c_str(), &s) == 0;
  // A pipe cannot be opened for both without waiting for nobody.
  bool const reads = keep && (!known || S_ISREG(s.st_mode));
  use(opened(path_, (reads ? O_RDWR : O_WRONLY) | (known ? 0 : O_CREAT), "write"));
  if (::fstat(file_.number(), &s) == 0 && core::is_read(s.st_dev, s.st_ino, !keep)) {
    close();
    refuse_to_lose(path_);
  }
  if (!seekable_) return;

  if (auto at = behind_links(path_)) {
    folder_ = descriptor(::open(at->folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    part_ = at->name + part_suffix;
    name_ = std::move(at->name);
  }
  made_ = !known && at_ == 0;
  try {
    replaces_ = at_ != 0 && folder_ && !is_mounted(file_.number()) && write_alongside(keep);
    if (replaces_ || (keep && at_ != 0)) return;
    // What an earlier run had begun to put in the place of a file that was here is of no use now.
    if (folder_) ::unlinkat(folder_.number(), part_.c_str(), 0);
    if (at_ != 0) truncate(0);
  } catch (...) {
    close();
    throw;
  }
}

/// Goes on in a part that is there, or begins one. Returns: whether there is one.
bool output_file::write_alongside(bool keep) {
  if (!keep) ::unlinkat(folder_.number(), part_.c_str(), 0);
  int const flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | (keep ? 0 : O_CREAT | O_EXCL);
  descriptor made(retried([&] { return ::openat(folder_.number(), part_.c_str(), flags, 0600); }));
  if (!made) {
    int const none[] = {EACCES, EPERM, EROFS, ENAMETOOLONG, keep ? ENOENT : EACCES};
    if (std::ranges::find(none, errno) != std::end(none)) return false;
    refuse_file("write", path_ + part_suffix, errno);
  }
  struct stat s {};
  if (keep && ::fstat(made.number(), &s) == 0 && core::is_read(s.st_dev, s.st_ino, false))
    refuse_to_lose(path_ + part_suffix);
  if (!keep && !made_like(made.number(), file_.number())) {
    ::unlinkat(folder_.number(), part_.c_str(), 0);
    return false;
  }
  use(std::move(made));
  return true;
}

void output_file::use(descriptor file) {
  file_.close();
  file_ = std::move(file);
  struct stat s {};
  seekable_ = ::fstat(file_.number(), &s) == 0 && S_ISREG(s.st_mode);
  named_ = seekable_ && s.st_nlink != 0;
  at_ = started_ = seekable_ ? static_cast<std::size_t>(s.st_size) : 0;
  if (seekable_) ::lseek(file_.number(), static_cast<off_t>(at_), SEEK_SET);
}

void output_file::append(void const* from, std::size_t bytes) {
  std::size_t done = 0;
  while (done != bytes) {
    auto const n = without_signals([&] {
      return ::write(file_.number(), static_cast<std::byte const*>(from) + done, bytes - done);
    });
    // A file system that takes nothing and says no reason would be asked for ever.
    if (n <= 0) refuse_file("write", path_, n == 0 ? EIO : errno);
    done += static_cast<std::size_t>(n);
    at_ += static_cast<std::size_t>(n);
  }
#ifdef SYNC_FILE_RANGE_WRITE
  // So that the disk works while more is computed, and not only at the end.
  if (seekable_ && at_ - started_ >= advice_step) {
    ::sync_file_range(file_.number(), static_cast<off_t>(started_),
                      static_cast<off_t>(at_ - started_), SYNC_FILE_RANGE_WRITE);
    started_ = at_;
  }
#endif
}

void output_file::rewrite_front(void const* from, std::size_t bytes) {
  std::size_t done = 0;
  while (done != bytes) {
    auto const n = without_signals([&] {
      return ::pwrite(file_.number(), static_cast<std::byte const*>(from) + done, bytes - done,
                      static_cast<off_t>(done));
    });
    if (n <= 0) refuse_file("write", path_, n == 0 ? EIO : errno);
    done += static_cast<std::size_t>(n);
  }
}

std::size_t output_file::read_front(void* to, std::size_t bytes) const {
  std::size_t got = 0;
  while (got != bytes) {
    auto const n = retried([&] {
      return ::pread(file_.number(), static_cast<std::byte*>(to) + got, bytes - got,
                     static_cast<off_t>(got));
    });
    if (n == -1) refuse_file("read", path_, errno);
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  return got;
}

void output_file::truncate(std::size_t bytes) {
  if (retried([&] { return ::ftruncate(file_.number(), static_cast<off_t>(bytes)); }) == -1)
    refuse_file("write", path_, errno);
  ::lseek(file_.number(), static_cast<off_t>(bytes), SEEK_SET);
  at_ = started_ = bytes;
}

void output_file::finish() {
  if (!file_) return;
  // What cannot be written out at all (a pipe, a terminal) says so.
  int error = 0;
  if (retried([&] { return ::fsync(file_.number()); }) == -1 && errno != EINVAL &&
      errno != ENOTSUP && errno != EROFS)
    error = errno;
  struct stat s {};
  if (named_ && ::fstat(file_.number(), &s) == 0 && s.st_nlink == 0) error = ENOENT;
  int const closing = file_.close();
  if (error == 0) error = closing;
  if (error == 0 && replaces_ &&
      ::renameat(folder_.number(), part_.c_str(), folder_.number(), name_.c_str()) != 0)
    error = errno;
  close();
  if (error != 0) refuse_file("write", path_, error);
}

void output_file::close() noexcept {
  file_.close();
  folder_.close();
}

void output_file::discard() noexcept {
  if (folder_ && (replaces_ || made_))
    ::unlinkat(folder_.number(), (replaces_ ? part_ : name_).c_str(), 0);
  close();
}

std::string output_file::written_path() const { return replaces_ ? path_ + part_suffix : path_; }

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
