# One image with the value of every pixel on it.
#   $pixels  matrix, 0 paper to 255 ink; $values  x y text dark; side: pixels a side
unset key
unset colorbox
unset grid
set border 15 lc rgb faint
set palette gray negative
set cbrange [0:255]
set xrange [-0.5:side - 0.5]
set yrange [side - 0.5:-0.5]
set xtics 0, step scale 0 font ',9' tc rgb grey offset 0, 0.4
set ytics 0, step scale 0 font ',9' tc rgb grey offset 0.5, 0
set lmargin at screen px(44)
set rmargin at screen px(780)
set tmargin at screen py(70)
set bmargin at screen py(height - 32)
plot $pixels matrix with image, \
     $values using 1:2:3:($4 > 0.5 ? 0xffffff : ink) with labels font value_font tc rgb variable
