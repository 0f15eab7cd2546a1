# Every figure's look. Before this come: width and height in pixels, title, subtitle, and the terminal.
reset
set encoding utf8
# Okabe and Ito's colours, told apart by everyone.
blue = 0x0072b2
orange = 0xd55e00
green = 0x009e73
grey = 0x5f6368
set lmargin 0
set rmargin 0
set tmargin 0
set bmargin 0
set label 1 title at screen 20.0/width, screen 1-26.0/height left font ',16' tc rgb '#202124'
set label 2 subtitle at screen 20.0/width, screen 1-48.0/height left font ',10.5' tc rgb grey
