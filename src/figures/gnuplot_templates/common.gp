# Every figure's look. Before this come width and height in pixels, title, subtitle, and the terminal. The functions place
# things in pixels from the figure's upper left, as its width and height count them.
reset
set encoding utf8
# Okabe and Ito's colours, told apart by everyone.
blue = 0x0072b2
orange = 0xd55e00
green = 0x009e73
ink = 0x202124
grey = 0x5f6368
faint = 0xdadce0
px(x) = x / width
py(y) = 1 - y / height
set label 1 title at screen px(20), screen py(26) left font ',16' tc rgb ink
set label 2 subtitle at screen px(20), screen py(48) left font ',10.5' tc rgb grey
set border 3 lc rgb grey lw 0.8
set tics nomirror out scale 0.5 tc rgb ink
set grid back lc rgb faint lw 0.8 dt solid
