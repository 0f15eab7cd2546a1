# How often answers of a given confidence are right, and how many there are of each.
#   $bins  low high confidence accuracy rows (shares of 1); top_rows: rows of the fullest bin
set multiplot
pale = 0x9ecbe6
unset key
set xrange [0:1]
set xtics 0, 0.2
set lmargin at screen px(64)
set rmargin at screen px(420)
set tmargin at screen py(100)
set bmargin at screen py(height - 52)
set yrange [0:1]
set ytics 0, 0.2
set size ratio -1
set label 3 'share that is right' at graph 0, graph 1.04 left font ',11' tc rgb ink
set xlabel 'probability of the answer' font ',10' tc rgb ink offset 0, 0.4
set arrow 1 from 0, 0 to 1, 1 nohead lc rgb grey lw 1 dt (4, 4) back
plot $bins using (($1 + $2) / 2):4:($2 - $1) with boxes fs solid noborder lc rgb pale, \
     $bins using 3:4 with points pt 7 ps 0.9 lc rgb blue

unset arrow 1
unset label 1
unset label 2
unset size
set size noratio
set lmargin at screen px(500)
set rmargin at screen px(780)
set logscale y
set yrange [0.7:top_rows * 1.5]
set ytics autofreq
set format y '%.0f'
set label 3 'rows' at graph 0, graph 1.04 left font ',11' tc rgb ink
plot $bins using (($1 + $2) / 2):5:($2 - $1) with boxes fs solid noborder lc rgb pale
unset multiplot
