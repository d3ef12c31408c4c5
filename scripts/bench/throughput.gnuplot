set terminal pngcairo size 1000,720 font "sans,11"
set output "throughput.png"
set multiplot layout 2,2 title "answers per second against clients"
set logscale x 2
set xtics (1, 16, 64, 128, 512)
set xrange [0.8:640]
set yrange [0:*]
set offsets 0, 0, graph 0.35, 0
set grid
set key top left
others = "plot data using 1:3 with linespoints title 'mod\\_proxy, unsigned', data using 1:4 with linespoints title 'nginx, unsigned', "
ours = "data using 1:5 with linespoints lw 2 title 'ours, both signatures'"
single = ", data using 1:6 with linespoints title 'ours, one signature'"
set title "0.3 KB"; data = "throughput-300.dat"; eval others.ours.single
set title "16 KB"; data = "throughput-16384.dat"; eval others.ours
set title "256 KB"; data = "throughput-262144.dat"; eval others.ours
set title "1 MB"; data = "throughput-1048576.dat"; eval others.ours
