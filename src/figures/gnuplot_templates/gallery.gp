# Images in rows, each framed and with two lines below. Coordinates are pixels of the figure, from its upper left.
#   $pixels    all images in one matrix, 0 paper to 255 ink; `zoom` pixels each, from (left, top)
#   $frames    x y left right top bottom colour
#   $captions  x y text         $details  x y text
unset key
unset tics
unset border
unset grid
unset colorbox
set palette gray negative
set cbrange [0:255]
set xrange [0:width]
set yrange [height:0]
set lmargin at screen 0
set rmargin at screen 1
set tmargin at screen 1
set bmargin at screen 0
plot $pixels matrix using (left + ($1 + 0.5) * zoom):(top + ($2 + 0.5) * zoom):3 with image, \
     $frames using 1:2:3:4:5:6:7 with boxxyerror fs empty lw 1.6 lc rgb variable, \
     $captions using 1:2:3 with labels center font ',10.5' tc rgb ink, \
     $details using 1:2:3 with labels center font ',8.5' tc rgb grey
