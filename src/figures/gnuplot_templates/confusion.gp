# Which label is read as what: in rows counted, and in percent of each label's rows.
#   $cells  label answer count count_text percent_text count_shade percent_shade; classes: how many; names_room: that the
# names need beside the letters and below them, 0 for short ones
#   $names  class name
# Shades go with the logarithm, or single mistakes among thousands of hits would be invisible.
set multiplot
unset key
unset colorbox
unset grid
set border 0
set xrange [-0.5:classes - 0.5]
set yrange [classes - 0.5:-0.5]
set xtics scale 0 font tick_font offset 0, 0.3
if (names_room > 0) set xtics rotate by 40 right
set ytics scale 0 font tick_font offset 0.5, 0
set label 4 'read as' at screen px(230 + names_room / 2), screen py(height - 18) center font ',10' tc rgb ink
set ylabel 'label' font ',10' tc rgb ink offset 0.8, 0
set tmargin at screen py(100)
set bmargin at screen py(height - 52 - names_room)
set palette defined (0 '#ffffff', 0.001 '#e8f1f8', 1 '#00487a')
set cbrange [0:1]

set lmargin at screen px(60 + names_room)
set rmargin at screen px(400)
set label 3 'rows' at graph 0, graph 1.03 left font ',11' tc rgb ink
plot $names using 1:1:xtic(2):ytic(2) with dots lc rgb '#ffffff', \
     $cells using 2:1:6 with image, \
     $cells using 2:1:4:($6 > 0.55 ? 0xffffff : ink) with labels font cell_font tc rgb variable

unset label 1
unset label 2
unset ylabel
set label 4 at screen px(610 + names_room / 2), screen py(height - 18)
set lmargin at screen px(440 + names_room)
set rmargin at screen px(780)
set label 3 'percent of the label''s rows' at graph 0, graph 1.03 left font ',11' tc rgb ink
plot $names using 1:1:xtic(2):ytic(2) with dots lc rgb '#ffffff', \
     $cells using 2:1:7 with image, \
     $cells using 2:1:5:($7 > 0.55 ? 0xffffff : ink) with labels font cell_font tc rgb variable
unset multiplot
