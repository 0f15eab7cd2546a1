# Weights as small images side by side: blue below zero, white at it, orange above.
#   $pixels  matrix of all of them, -1 to 1, NaN between; columns and rows of the matrix
unset key
unset colorbox
unset grid
unset tics
unset border
set palette defined (-1 '#0072b2', 0 '#ffffff', 1 '#d55e00')
set cbrange [-1:1]
set xrange [-0.5:columns - 0.5]
set yrange [rows - 0.5:-0.5]
set lmargin at screen px(20)
set rmargin at screen px(780)
set tmargin at screen py(70)
set bmargin at screen py(height - 20)
plot $pixels matrix with image
