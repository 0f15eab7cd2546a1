# Loss and accuracy over the epochs, the learning rate below.
#   $epochs  epoch train_loss train_accuracy val_loss val_accuracy; NaN where there is none; a block for each network
#   $rates   epoch rate, of the first network
#   networks: how many; best: epoch that was kept, of one; last: number of epochs; top_rate: highest of these rates; low: bottom of the accuracy axis
set multiplot
best_side = best > 0.9 * last ? 'right' : 'center'
set xrange [(last > 1 ? 1 : 0.5):(last > 1 ? last : 1.5)]
set tmargin at screen py(100)
set bmargin at screen py(318)
if (networks == 1) set arrow 1 from best, graph 0 to best, graph 1 nohead lc rgb grey lw 1 dt (4, 4)
if (networks == 1) set label 3 sprintf('best: %d', best) at best, graph 1.04 @best_side font ',9' tc rgb grey
if (last > 10) { set xtics autofreq } else { set xtics 1 }
set format x '%g'
set key samplen 2 spacing 1.3 font ',10' tc rgb ink
width_of_line = networks > 1 ? 1 : 2
set pointsize last > 40 ? 0 : 0.45

set lmargin at screen px(64)
set rmargin at screen px(388)
set label 4 'loss' at graph 0, graph 1.04 left font ',11' tc rgb ink
set key top right
plot for [n=0:networks - 1] $epochs index n using 1:2 with linespoints pt 7 lw width_of_line lc rgb orange title n == 0 ? 'trained on' : '', \
     for [n=0:networks - 1] $epochs index n using 1:4 with linespoints pt 7 lw width_of_line lc rgb blue title n == 0 ? 'held back' : ''

set lmargin at screen px(464)
set rmargin at screen px(780)
set yrange [low:*]
set label 4 'accuracy, %' at graph 0, graph 1.04 left font ',11' tc rgb ink
set key bottom right
unset label 1
unset label 2
plot for [n=0:networks - 1] $epochs index n using 1:($3 * 100) with linespoints pt 7 lw width_of_line lc rgb orange title n == 0 ? 'trained on' : '', \
     for [n=0:networks - 1] $epochs index n using 1:($5 * 100) with linespoints pt 7 lw width_of_line lc rgb blue title n == 0 ? 'held back' : ''

unset key
unset label 3
set format y '%g'
set tmargin at screen py(370)
set bmargin at screen py(height - 50)
set yrange [0:*]
set ytics (0, sprintf('%.3g', top_rate) top_rate)
set label 4 'learning rate' at graph 0, graph 1.2 left font ',11' tc rgb ink
set xlabel 'epoch' font ',10' tc rgb ink offset 0, 0.5
set lmargin at screen px(64)
set xrange [0:last]
plot $rates using 1:2 with filledcurves y1=0 fs solid 0.25 lc rgb green, \
     $rates using 1:2 with lines lw 1.5 lc rgb green
unset multiplot
