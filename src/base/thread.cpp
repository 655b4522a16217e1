#include "thread.hpp"

#include "forked.hpp"
#include "topology.hpp"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <new>

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace hetmap::core {
namespace {

sigset_t mask_of_threads() noexcept {
  sigset_t mask;
  sigfillset(&mask);
  for (int const own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT})
    sigdelset(&mask, own);
  return mask;
}

bool is_real_time(int policy) noexcept {
  int const plain = policy & ~SCHED_RESET_ON_FORK;
  return plain == SCHED_FIFO || plain == SCHED_RR || plain == 6;  // SCHED_DEADLINE
}

/// Takes over the main thread's scheduling, unless that is a more urgent one than processes have by
/// themselves. What is not permitted stays as it is.
void be_scheduled_as_the_process() noexcept {
  pid_t const main = getpid();
  int const policy = sched_getscheduler(main);
  sched_param with{};
  if (policy >= 0 && !is_real_time(policy) && policy != sched_getscheduler(0) &&
      sched_getparam(main, &with) == 0)
    sched_setscheduler(0, policy, &with);
  auto const who = static_cast<id_t>(main);
  int const nice = getpriority(PRIO_PROCESS, who);
  if (nice >= 0 && nice != getpriority(PRIO_PROCESS, 0)) setpriority(PRIO_PROCESS, 0, nice);
}

/// What a thread takes on before it does anything else.
class identity {
 public:
  explicit identity(char const* name) {
    std::strncpy(name_, name, sizeof name_ - 1);
    auto const cpus = allowed_cpus();
    if (cpus == cpus_of_this_thread()) return;  // they are handed on
    set_bytes_ = CPU_ALLOC_SIZE(cpus.back() + 1);
    cpus_.resize(set_bytes_ / sizeof(unsigned long));
    auto* const set = reinterpret_cast<cpu_set_t*>(cpus_.data());
    for (unsigned const cpu : cpus) CPU_SET_S(cpu, set_bytes_, set);
  }

  void take_on() const noexcept {
    pthread_setname_np(pthread_self(), name_);
    if (set_bytes_ != 0)
      sched_setaffinity(0, set_bytes_, reinterpret_cast<cpu_set_t const*>(cpus_.data()));
    be_scheduled_as_the_process();
  }

 private:
  char name_[16] = {};
  std::vector<unsigned long> cpus_;
  std::size_t set_bytes_ = 0;  // 0: it has the right ones
};

struct detached {
  identity is;
  void (*body)(void*);
  void* context;

  static void* run(void* self) noexcept {
    std::unique_ptr<detached const> const me(static_cast<detached*>(self));
    me->is.take_on();
    me->body(me->context);
    return nullptr;
  }
};

}  // namespace

signals_blocked::signals_blocked() noexcept {
  sigset_t const mask = mask_of_threads();
  pthread_sigmask(SIG_SETMASK, &mask, &before_);
}

struct threads::kind {
  identity is;
  void (*body)(void*, unsigned);
  void* context;
};

threads::threads(char const* name, unsigned first, unsigned count, void (*body)(void*, unsigned),
                 void* context)
    : kind_(new kind{identity(name), body, context}) {
  starts_.reserve(count);
  signals_blocked const handed_on;
  for (unsigned k = 0; k != count && refusal_ == 0; ++k) {
    start& next = starts_.emplace_back(start{kind_.get(), first + k, {}});
    refusal_ = pthread_create(&next.id, nullptr, &threads::run, &next);
  }
  if (refusal_ != 0) starts_.pop_back();
}

threads::~threads() { join(); }

void threads::join() noexcept {
  if (joined_) return;
  for (start const& s : starts_) pthread_join(s.id, nullptr);
  joined_ = true;
}

void* threads::run(void* begun) noexcept {
  auto const& me = *static_cast<start const*>(begun);
  me.of->is.take_on();
  me.of->body(me.of->context, me.number);
  return nullptr;
}

bool start_detached(char const* name, void (*body)(void*), void* context) noexcept {
  try {
    auto mine = std::make_unique<detached>(identity(name), body, context);
    pthread_t id;
    signals_blocked const handed_on;
    if (pthread_create(&id, nullptr, &detached::run, mine.get()) != 0) return false;
    static_cast<void>(mine.release());
    pthread_detach(id);
    return true;
  } catch (...) {
    return false;
  }
}

long thread_number() noexcept {
  thread_local struct {
    long number = 0;
    unsigned forks = 0;
  } known;
  // A child's only thread has another number than its parent's.
  if (known.number == 0 || known.forks != fork_count())
    known = {static_cast<long>(gettid()), fork_count()};
  return known.number;
}

}  // namespace hetmap::core
