// Running another program, or this one, with an environment of its own: what the library reads once
// a process can only be tested there.
#pragma once

#include <cstdio>
#include <string>

#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

struct finished {
  int exit_code = -1;  ///< 128 + the signal's number if a signal ended it
  std::string output;  ///< standard output and standard error
};

/// Runs `program arguments` with `environment` ("A=1 B=2") added to this process's own, for at most
/// a minute. `arguments` are words for the shell.
inline finished run_program(std::string const& environment, std::string const& program,
                            std::string const& arguments) {
  finished out;
  std::string const line =
      "env " + environment + " timeout 60 '" + program + "' " + arguments + " 2>&1";
  std::FILE* const pipe = popen(line.c_str(), "r");
  if (pipe == nullptr) return out;
  char text[4096];
  while (std::size_t const n = std::fread(text, 1, sizeof text, pipe)) out.output.append(text, n);
  int const status = pclose(pipe);
  out.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return out;
}

/// The path of the running program.
inline std::string this_program() {
  char path[PATH_MAX];
  auto const length = readlink("/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<std::size_t>(length)) : std::string();
}

}  // namespace support
