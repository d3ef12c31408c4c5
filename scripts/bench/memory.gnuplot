set terminal pngcairo size 700,420 font "sans,11"
set output "memory.png"
set title "memory (PSS, MB) against waiting clients"
set xrange [0:*]
set yrange [0:*]
set grid
set key top left
plot "memory.dat" using 1:2 with linespoints lw 2 title "lighttpd, responders and signers", \
	"memory.dat" using 1:3 with linespoints title "lighttpd with mod\\_proxy"
