set terminal pngcairo size 900,220 font "sans,11"
set output "answer.png"
set title "where the processor time of one answer of 0.3 KB goes, µs"
set encoding utf8
set yrange [0:1]
set xrange [0:*]
unset ytics
set key outside below
set style fill solid 0.8 border lt -1
plot for [i=0:5] "answer.dat" every ::i::i using 2:(0.5):2:3:(0.15):(0.85) \
	with boxxyerror lc i + 1 title system(sprintf("sed -n '%ds/^\"\\(.*\\)\".*/\\1/p' answer.dat", i + 1))
