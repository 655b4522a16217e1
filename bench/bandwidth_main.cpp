// bench-bandwidth: the kernels of BabelStream by one contender, in a process of that contender's.
//
//     bench-bandwidth --contender hetmap|tbb|openmp|...  and the options of bandwidth.hpp
#include <cstdio>
#include <string>
#include <vector>

#include <unistd.h>

int main(int argc, char** argv) {
  std::string contender = "hetmap";
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i)
    if (argv[i] == std::string("--contender") && i + 1 < argc)
      contender = argv[++i];
    else
      words.emplace_back(argv[i]);

  // hetmap's program has a contender for each backend; every other is a program.
  std::string const self = argv[0];
  bool const ours = contender.starts_with("hetmap");
  std::string program =
      self.substr(0, self.rfind('/') + 1) + "bench-" + (ours ? "hetmap" : contender);
  if (contender == "hetmap") contender = "hetmap-auto";

  std::vector<char*> command;
  std::string option = "--contender", mode = "--bandwidth";
  for (auto* word : {&program, &mode, &option, &contender}) command.push_back(word->data());
  for (auto& word : words) command.push_back(word.data());
  command.push_back(nullptr);
  execvp(command[0], command.data());
  std::perror(program.c_str());
  return 2;
}
