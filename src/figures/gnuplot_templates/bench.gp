# Seconds an epoch takes: a point a model, device and precision, since a bar would begin nowhere on a logarithmic axis.
#   $points  y seconds text, a block for each series; $models  y name, y from the top
#   series: how many; names, colours: of each, one word; low, high: of the axis; lines: how many there is room for
set key at screen px(780), screen py(74) top right horizontal samplen 1 font ',10' tc rgb ink
set border 1
unset ytics
set logscale x
set xrange [low:high]
set yrange [lines:0]
set lmargin at screen px(112)
set rmargin at screen px(780)
set tmargin at screen py(84)
set bmargin at screen py(height - 46)
set grid xtics back lc rgb faint lw 0.8 dt solid
set xlabel 'seconds, on a logarithmic scale' font ',10' tc rgb ink offset 0, 0.5
plot for [n=1:series] $points index n - 1 using (low):1:(high - low):(0) with vectors nohead lc rgb faint lw 0.8 dt (2, 3) notitle, \
     for [n=1:series] $points index n - 1 using 2:1 with points pt 7 ps 1.1 lc rgb int(word(colours, n)) title word(names, n), \
     for [n=1:series] $points index n - 1 using 2:1:3 with labels left offset 1, 0 font ',9.5' tc rgb ink notitle, \
     $models using (low):1:2 with labels right offset -0.8, 0 font ',10.5' tc rgb ink notitle
