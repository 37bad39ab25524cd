#include "bench/row_chooser.h"

namespace flatkv::bench {

RowChooser::RowChooser(const RowChoice& choice, uint64_t rows) : choice_(choice) {
  if (choice.distribution == Distribution::kZipf) {
    zipf_.emplace(rows, choice.zipf_exponent);
  }
}

uint64_t RowChooser::Choose(uint64_t existing, Random* random) const {
  if (choice_.hot_rows > 0 && choice_.hot_share > 0 && random->Unit() < choice_.hot_share) {
    return random->Below(choice_.hot_rows);
  }
  return zipf_.has_value() ? zipf_->Rank(random->Unit()) : random->Below(existing);
}

}  // namespace flatkv::bench
