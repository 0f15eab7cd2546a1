# Precision, recall and F1 of every class. Points, not bars: the axis does not begin at 0.
#   $classes  class precision recall f1 (all percent) rows name; low: bottom of the axis
set key top right horizontal samplen 1 font ',10' tc rgb ink at screen px(780), screen py(84)
unset xtics
set xtics scale 0 font ',10'
set lmargin at screen px(64)
set rmargin at screen px(780)
set tmargin at screen py(104)
set bmargin at screen py(height - 62)
set yrange [low:100]
set xrange [-0.6:classes - 0.4]
set label 3 'percent' at graph 0, graph 1.04 left font ',11' tc rgb ink
set xlabel 'class, and its rows' font ',10' tc rgb ink offset 0, -0.6
unset grid
set grid ytics xtics back lc rgb faint lw 0.8 dt solid
set pointsize 1.1
plot $classes using 1:4:xtic(sprintf("%s\n%d", stringcolumn(6), $5)) with points pt 13 ps 1.5 lc rgb green title 'F1', \
     $classes using ($1 - 0.2):2 with points pt 7 lc rgb blue title 'precision', \
     $classes using ($1 + 0.2):3 with points pt 5 lc rgb orange title 'recall'
