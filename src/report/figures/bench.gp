# Seconds an epoch takes, one group a model, one bar a device and precision, the speed-up over the CPU above.
#   $bars  x seconds text colour; $models  x name; $names  y text colour: the key; bars, models: how many
unset key
set border 1
unset ytics
unset grid
set logscale y
set yrange [low:high]
set xrange [-0.7:last + 0.7]
unset xtics
set lmargin at screen px(20)
set rmargin at screen px(780)
set tmargin at screen py(100)
set bmargin at screen py(height - 44)
set boxwidth 0.8
set style fill solid noborder
plot $bars using 1:2:4 with boxes lc rgb variable, \
     $bars using 1:2:3 with labels offset 0, 0.7 font ',9' tc rgb ink, \
     $models using 1:(low):2 with labels offset 0, -1.0 font ',10' tc rgb ink, \
     $names using 1:2:3:4 with labels left font ',10' tc rgb variable
