// Searches the executions of a model for one that fails, and says what was searched.
#pragma once

#include <cstddef>
#include <new>
#include <string>

namespace hetmap::model {

/// What threads do at once, on atomics of Relacy. One is made for each execution.
struct model {
  virtual void thread(unsigned number) = 0;
  /// After all threads.
  virtual void after() {}

 protected:
  ~model() = default;
};

/// Which executions.
struct scheduler {
  enum { full, bound, random } kind;
  unsigned count;  ///< of switches of a bound one, of executions of a random one
};

/// All of them. What Relacy calls all: every interleaving; a load may give the last value or the
/// one before; an exchange that may fail without cause does so once.
inline constexpr scheduler every{scheduler::full, 0};
/// Those in which so many times at most a thread stops that could go on.
constexpr scheduler switches(unsigned most) { return {scheduler::bound, most}; }
/// So many, in which a load may give one of the last three values.
constexpr scheduler drawn(unsigned executions) { return {scheduler::random, executions}; }

/// A model as its type is not known.
struct searched {
  unsigned threads;
  void* room;
  model* (*make)(void* room);
  void (*end)(model* made);
};

template <class Model>
searched searched_model() {
  alignas(Model) static std::byte room[sizeof(Model)];
  return {Model::threads, room, [](void* in) -> model* { return ::new (in) Model; },
          [](model* made) { static_cast<Model*>(made)->~Model(); }};
}

/// No execution fails; prints a row.
void expect_sound(searched what, char const* name, scheduler how);
/// One does: the model would notice such a fault.
void expect_caught(searched what, char const* fault, scheduler how);

template <class Model>
void expect_sound(char const* name, scheduler how) {
  expect_sound(searched_model<Model>(), name, how);
}
template <class Mutant>
void expect_caught(char const* fault, scheduler how) {
  expect_caught(searched_model<Mutant>(), fault, how);
}

}  // namespace hetmap::model
