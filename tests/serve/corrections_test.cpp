#include "serve/corrections.h"

#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "support.h"

namespace digitrec::serve {
namespace {

TEST(Corrections, AreRowsThatTrainReads) {
  const test::TempFolder folder;
  Corrections corrections(folder / "c.csv");
  corrections.add(3, {0, 255, 7, 8});
  Corrections(folder / "c.csv").add(9, {1, 2, 3, 4});  // a later server appends to the file
  EXPECT_EQ(test::read_text(folder / "c.csv"), "label,pixel0,pixel1,pixel2,pixel3\n3,0,255,7,8\n9,1,2,3,4\n");
  const Dataset dataset = load_dataset(folder / "c.csv", Purpose::train);
  EXPECT_EQ(dataset.labels[1].item<int64_t>(), 9);
}

TEST(Corrections, LeaveOtherFilesAlone) {
  const test::TempFolder folder;
  for (const char* text : {"label,pixel0\n1,2\n", "notes", "label,pixel0,pixel1,pixel2,pixel3\n3,0,255"}) {
    const auto path = folder.write("c.csv", text);
    EXPECT_ERROR(Corrections(path).add(3, {0, 255, 7, 8}), Error,
                 path.string() + ": not a file of corrections with 4 pixels per row; name another with `corrections`");
    EXPECT_EQ(test::read_text(path), text);
  }
  EXPECT_THROW(Corrections(folder / "none" / "c.csv").add(3, {0}), Error);
}

}  // namespace
}  // namespace digitrec::serve
