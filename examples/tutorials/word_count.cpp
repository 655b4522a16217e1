// The word count of the map-reduce tutorials: lines are counted apart, the counts joined. The text
// is this project's licence, two hundred times over.
#include "timed.hpp"

#include <hetmap/pool.hpp>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using counts = std::unordered_map<std::string, long>;

/// A line is taken up word by word, two counts are added up.
struct count_words {
  counts operator()(counts so_far, std::string const* line) const {
    auto const letter = [](unsigned char c) { return std::isalpha(c) != 0; };
    for (auto at = line->begin(), end = line->end(); at != end;) {
      auto const first = std::find_if(at, end, letter);
      at = std::find_if_not(first, end, letter);
      if (first == at) break;
      std::string word(first, at);
      for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      ++so_far[std::move(word)];
    }
    return so_far;
  }
  counts operator()(counts a, counts b) const {
    if (a.size() < b.size()) std::swap(a, b);
    for (auto const& [word, n] : b) a[word] += n;
    return a;
  }
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> once, lines;
  std::ifstream file(argc > 1 ? argv[1] : HETMAP_LICENSE);
  for (std::string line; std::getline(file, line);) once.push_back(line);
  require(!once.empty(), "the text is missing");
  for (int k = 0; k != 200; ++k) lines.insert(lines.end(), once.begin(), once.end());

  hetmap::pool pool{2u};
  auto const line_itself = [](std::string const& line) { return &line; };
  counts words;
  timed("word count, 200 licences",
        [&] { words = pool.map_reduce(line_itself, count_words(), counts(), lines); });
  require(words["the"] % 200 == 0 && words["the"] > 0, "the");
}
