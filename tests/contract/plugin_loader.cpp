// Loads a plugin, uses it and closes it, again and again: 0 if it always works.
//
//   plugin_loader PATH
#include <cstdio>

#include <dlfcn.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  alarm(50);
  for (int round = 0; round != 5; ++round) {
    void* const plugin = dlopen(argv[1], RTLD_NOW);
    if (plugin == nullptr) return std::printf("%s\n", dlerror()), 3;
    auto* const use = reinterpret_cast<int (*)()>(dlsym(plugin, "use_the_library"));
    if (use == nullptr) return 4;
    if (int const wrong = use(); wrong != 0) return 10 + wrong;
    if (dlclose(plugin) != 0) return 5;
    // Threads that fall asleep or wake up now do so in code of the library's.
    usleep(2000);
  }
  return 0;
}
