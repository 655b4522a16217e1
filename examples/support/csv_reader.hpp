// Rows of a CSV file, with errors that name the file and the line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace examples {

/// Reads comma-separated values without quoting. The first line names the columns; empty lines are
/// passed over.
///
///     csv_reader file("points.csv", {"x", "y"});
///     while (file.next()) use(file.number(0), file.number(1));
///
/// Throws:   std::runtime_error, "file:line: what was expected, and what is there".
class csv_reader {
 public:
  /// Throws unless the file can be read and its first line names exactly these columns.
  csv_reader(std::string path, std::vector<std::string> columns);

  /// Goes to the next row; false at the end. Throws unless it has one field a column.
  bool next();

  /// The field of that column, without the spaces around it.
  [[nodiscard]] std::string_view text(std::size_t column) const { return fields_[column]; }
  /// Throws unless the field is a finite number.
  [[nodiscard]] double number(std::size_t column) const;
  /// Throws unless the field is a finite number above 0.
  [[nodiscard]] double positive_number(std::size_t column) const;

  /// Throws the error of a field that is not what was `expected`.
  [[noreturn]] void refuse(std::size_t column, std::string_view expected) const;

 private:
  bool next_line();
  [[noreturn]] void refuse_line(std::string const& why) const;

  std::string path_;
  std::vector<std::string> columns_;
  std::string content_;
  std::size_t position_ = 0;  // of the first byte not read yet
  std::size_t line_ = 0;      // number of the current line, from 1
  std::vector<std::string_view> fields_;
};

}  // namespace examples
