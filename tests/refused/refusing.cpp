#include "refusing.hpp"

#include "support/sanitizers.hpp"

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

namespace {

constinit std::atomic<long> requests{0};
constinit std::atomic<long> refusals{0};
constinit std::atomic<long> first_refused{0};  // 0: not armed
constinit std::atomic<bool> all_after{false};
constinit std::atomic<long> live{0};
constinit thread_local int exempt = 0;

/// Whether this request is to be refused.
bool refuses() noexcept {
  long const k = first_refused.load(std::memory_order_relaxed);
  if (k == 0 || exempt != 0) return false;
  long const this_one = requests.fetch_add(1, std::memory_order_relaxed) + 1;
  if (this_one < k || (this_one != k && !all_after.load(std::memory_order_relaxed))) return false;
  refusals.fetch_add(1, std::memory_order_relaxed);
  return true;
}

}  // namespace

namespace refusing {

void arm(long k, mode which) noexcept {
  requests = 0;
  refusals = 0;
  all_after = which == mode::from;
  first_refused = k;
}

long disarm() noexcept {
  first_refused = 0;
  return refusals;
}

long live_blocks() noexcept { return live.load(); }

}  // namespace refusing

// A sanitizer has the allocator, mappings and threads to itself: there only operator new refuses.
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__

namespace {

void* taken(std::size_t bytes, std::size_t alignment) {
  void* const block =
      refuses() ? nullptr
                : std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);
  if (block == nullptr) throw std::bad_alloc();
  live.fetch_add(1, std::memory_order_relaxed);
  return block;
}
void given_back(void* block) noexcept {
  if (block == nullptr) return;
  live.fetch_sub(1, std::memory_order_relaxed);
  std::free(block);
}

}  // namespace

void* operator new(std::size_t n) { return taken(n, alignof(std::max_align_t)); }
void* operator new(std::size_t n, std::align_val_t a) {
  return taken(n, static_cast<std::size_t>(a));
}
void* operator new(std::size_t n, std::nothrow_t const&) noexcept {
  try {
    return operator new(n);
  } catch (...) {
    return nullptr;
  }
}
void operator delete(void* p) noexcept { given_back(p); }
void operator delete(void* p, std::size_t) noexcept { given_back(p); }
void operator delete(void* p, std::align_val_t) noexcept { given_back(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { given_back(p); }

#else

namespace {

/// The next definition of a function, behind the one here.
template <class Function>
Function* real(std::atomic<void*>& known, char const* name) noexcept {
  void* f = known.load(std::memory_order_relaxed);
  if (f == nullptr) known = f = dlsym(RTLD_NEXT, name);
  return reinterpret_cast<Function*>(f);
}

}  // namespace

extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

namespace {

void* counted(void* block) noexcept {
  if (block != nullptr) live.fetch_add(1, std::memory_order_relaxed);
  return block;
}
std::nullptr_t no_memory() noexcept {
  errno = ENOMEM;
  return nullptr;
}

}  // namespace

void* malloc(std::size_t n) noexcept { return refuses() ? no_memory() : counted(__libc_malloc(n)); }
void* calloc(std::size_t n, std::size_t size) noexcept {
  return refuses() ? no_memory() : counted(__libc_calloc(n, size));
}
void* realloc(void* old, std::size_t n) noexcept {
  if (n != 0 && refuses()) return no_memory();
  void* const block = __libc_realloc(old, n);
  if (old == nullptr) return counted(block);
  if (n == 0) live.fetch_sub(1, std::memory_order_relaxed);
  return block;
}
void* memalign(std::size_t alignment, std::size_t n) noexcept {
  return refuses() ? no_memory() : counted(__libc_memalign(alignment, n));
}
void* aligned_alloc(std::size_t alignment, std::size_t n) noexcept {
  return memalign(alignment, n);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t n) noexcept {
  void* const got = memalign(alignment, n);
  if (got == nullptr) return ENOMEM;
  *block = got;
  return 0;
}
void free(void* block) noexcept {
  if (block == nullptr) return;
  live.fetch_sub(1, std::memory_order_relaxed);
  __libc_free(block);
}

void* mmap(void* where, std::size_t n, int protection, int flags, int file, off_t at) noexcept {
  static constinit std::atomic<void*> next{nullptr};
  if (refuses()) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return real<void*(void*, std::size_t, int, int, int, off_t)>(next, "mmap")(where, n, protection,
                                                                             flags, file, at);
}

int pthread_create(pthread_t* thread, pthread_attr_t const* how, void* (*f)(void*),
                   void* context) noexcept {
  static constinit std::atomic<void*> next{nullptr};
  return refuses() ? EAGAIN
                   : real<int(pthread_t*, pthread_attr_t const*, void* (*)(void*), void*)>(
                         next, "pthread_create")(thread, how, f, context);
}

int open(char const* path, int flags, ...) {
  static constinit std::atomic<void*> next{nullptr};
  va_list rest;
  va_start(rest, flags);
  mode_t const mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (refuses()) {
    errno = EMFILE;
    return -1;
  }
  return real<int(char const*, int, ...)>(next, "open")(path, flags, mode);
}

// oneTBB looks for libraries in its first call. Inside, nothing is refused: the C library does not
// survive it when it has no memory for the message that dlerror() would give.
void* dlopen(char const* path, int flags) noexcept {
  static constinit std::atomic<void*> next{nullptr};
  if (refuses()) return nullptr;
  ++exempt;
  void* const library = real<void*(char const*, int)>(next, "dlopen")(path, flags);
  --exempt;
  return library;
}

// What std::ifstream opens by.
FILE* fopen64(char const* path, char const* how) {
  static constinit std::atomic<void*> next{nullptr};
  if (refuses()) {
    errno = EMFILE;
    return nullptr;
  }
  return real<FILE*(char const*, char const*)>(next, "fopen64")(path, how);
}

DIR* opendir(char const* path) {
  static constinit std::atomic<void*> next{nullptr};
  if (refuses()) {
    errno = EMFILE;
    return nullptr;
  }
  return real<DIR*(char const*)>(next, "opendir")(path);
}

}  // extern "C"

#endif
