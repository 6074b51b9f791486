"""
@article{Kremer1996,
  title   = {Computer visualization of three-dimensional image data using {IMOD}},
  author  = {Kremer, James R. and Mastronarde, David N. and McIntosh, J. Richard},
  journal = {Journal of Structural Biology},
  volume  = {116},
  number  = {1},
  pages   = {71--76},
  year    = {1996},
  doi     = {10.1006/jsbi.1996.0013}
}

@article{Mastronarde2017,
  title   = {Automated tilt series alignment and tomographic reconstruction in {IMOD}},
  author  = {Mastronarde, David N. and Held, Susannah R.},
  journal = {Journal of Structural Biology},
  volume  = {197},
  number  = {2},
  pages   = {102--113},
  year    = {2017},
  doi     = {10.1016/j.jsb.2016.07.011}
}

@article{JimenezdelaMorena2022,
  title   = {{ScipionTomo}: Towards cryo-electron tomography software integration, reproducibility,
             and validation},
  author  = {Jiménez de la Morena, J. and Conesa, P. and Fonseca, Y. C. and others},
  journal = {Journal of Structural Biology},
  volume  = {214},
  number  = {3},
  pages   = {107872},
  year    = {2022},
  doi     = {10.1016/j.jsb.2022.107872}
}

@article{delaRosaTrevin2016,
  title   = {Scipion: A software framework toward integration, reproducibility and validation in
             {3D} electron microscopy},
  author  = {de la Rosa-Trevín, J. M. and Quintana, A. and del Cano, L. and others},
  journal = {Journal of Structural Biology},
  volume  = {195},
  number  = {1},
  pages   = {93--99},
  year    = {2016},
  doi     = {10.1016/j.jsb.2016.04.010}
}

@article{Guckenberger1982,
  title   = {Determination of a common origin in the micrographs of tilt series in
             three-dimensional electron microscopy},
  author  = {Guckenberger, R.},
  journal = {Ultramicroscopy},
  volume  = {9},
  pages   = {167--173},
  year    = {1982}
}

@incollection{Radermacher2006,
  title     = {Weighted back-projection methods},
  author    = {Radermacher, Michael},
  booktitle = {Electron Tomography},
  editor    = {Frank, Joachim},
  publisher = {Springer},
  pages     = {245--273},
  year      = {2006}
}

@article{Grant2015,
  title   = {Measuring the optimal exposure for single particle cryo-{EM} using a 2.6 {Å}
             reconstruction of rotavirus {VP6}},
  author  = {Grant, Timothy and Grigorieff, Nikolaus},
  journal = {eLife},
  volume  = {4},
  pages   = {e06980},
  year    = {2015},
  doi     = {10.7554/eLife.06980}
}

@article{Xiong2009,
  title   = {{CTF} determination and correction for low dose tomographic tilt series},
  author  = {Xiong, Quanren and Morphew, Mary K. and Schwartz, Cindi L. and Hoenger, Andreas H.
             and Mastronarde, David N.},
  journal = {Journal of Structural Biology},
  volume  = {168},
  number  = {3},
  pages   = {378--387},
  year    = {2009},
  doi     = {10.1016/j.jsb.2009.08.016}
}

@article{Zeng2012,
  title   = {A filtered backprojection algorithm with characteristics of the iterative {Landweber}
             algorithm},
  author  = {Zeng, Gengsheng L.},
  journal = {Medical Physics},
  volume  = {39},
  number  = {2},
  pages   = {603--607},
  year    = {2012}
}

@article{Gilbert1972,
  title   = {Iterative methods for the three-dimensional reconstruction of an object from
             projections},
  author  = {Gilbert, Peter},
  journal = {Journal of Theoretical Biology},
  volume  = {36},
  number  = {1},
  pages   = {105--117},
  year    = {1972},
  doi     = {10.1016/0022-5193(72)90180-4}
}

@article{Agulleiro2011,
  title   = {Fast tomographic reconstruction on multicore computers},
  author  = {Agulleiro, J. I. and Fernandez, J. J.},
  journal = {Bioinformatics},
  volume  = {27},
  number  = {4},
  pages   = {582--583},
  year    = {2011},
  doi     = {10.1093/bioinformatics/btq692}
}

@article{FernandezLi2003,
  title   = {An improved algorithm for anisotropic nonlinear diffusion for denoising
             cryo-tomograms},
  author  = {Fernández, José-Jesús and Li, Sam},
  journal = {Journal of Structural Biology},
  volume  = {144},
  pages   = {152--161},
  year    = {2003},
  doi     = {10.1016/j.jsb.2003.09.010}
}

@article{Moreno2018,
  title   = {{TomoEED}: fast edge-enhancing denoising of tomographic volumes},
  author  = {Moreno, J. J. and Martínez-Sánchez, A. and Martínez, J. A. and others},
  journal = {Bioinformatics},
  volume  = {34},
  pages   = {3776--3778},
  year    = {2018},
  doi     = {10.1093/bioinformatics/bty435}
}

@article{Fernandez2009,
  title   = {{TOMOBFLOW}: feature-preserving noise filtering for electron tomography},
  author  = {Fernandez, Jose-Jesus},
  journal = {BMC Bioinformatics},
  volume  = {10},
  pages   = {178},
  year    = {2009},
  doi     = {10.1186/1471-2105-10-178}
}

@article{FrangakisHegerl2001,
  title   = {Noise reduction in electron tomographic reconstructions using nonlinear anisotropic
             diffusion},
  author  = {Frangakis, Achilleas S. and Hegerl, Reiner},
  journal = {Journal of Structural Biology},
  volume  = {135},
  pages   = {239--250},
  year    = {2001},
  doi     = {10.1006/jsbi.2001.4406}
}

@article{Rosenthal2003,
  title   = {Optimal determination of particle orientation, absolute hand, and contrast loss in
             single-particle electron cryomicroscopy},
  author  = {Rosenthal, Peter B. and Henderson, Richard},
  journal = {Journal of Molecular Biology},
  volume  = {333},
  pages   = {721--745},
  year    = {2003},
  doi     = {10.1016/j.jmb.2003.07.013}
}

@misc{Burt2023,
  title  = {fidder: detect and erase gold fiducials in cryo-{EM} images},
  author = {Burt, Alister},
  year   = {2023},
  url    = {https://github.com/teamtomo/fidder},
  doi    = {10.5281/zenodo.7660754}
}

@inproceedings{Hoppe1992,
  title     = {Surface reconstruction from unorganized points},
  author    = {Hoppe, Hugues and DeRose, Tony and Duchamp, Tom and McDonald, John and Stuetzle,
               Werner},
  booktitle = {SIGGRAPH '92},
  pages     = {71--78},
  year      = {1992},
  doi       = {10.1145/133994.134011}
}

@inproceedings{Kazhdan2006,
  title     = {{Poisson} surface reconstruction},
  author    = {Kazhdan, Michael and Bolitho, Matthew and Hoppe, Hugues},
  booktitle = {Eurographics Symposium on Geometry Processing},
  pages     = {61--70},
  year      = {2006}
}

@inproceedings{Gibson1998,
  title     = {Constrained elastic surface nets: generating smooth surfaces from binary segmented
               data},
  author    = {Gibson, Sarah F. F.},
  booktitle = {Medical Image Computing and Computer-Assisted Intervention},
  pages     = {888--898},
  year      = {1998},
  doi       = {10.1007/BFb0056277}
}

@article{MartinezSanchez2014,
  title   = {Robust membrane detection based on tensor voting for electron tomography},
  author  = {Martinez-Sanchez, Antonio and Garcia, Inmaculada and Asano, Shoh and Lucic, Vladan and
             Fernandez, Jose-Jesus},
  journal = {Journal of Structural Biology},
  volume  = {186},
  number  = {1},
  pages   = {49--61},
  year    = {2014},
  doi     = {10.1016/j.jsb.2014.02.015}
}

@article{Dice1945,
  title   = {Measures of the amount of ecologic association between species},
  author  = {Dice, Lee R.},
  journal = {Ecology},
  volume  = {26},
  number  = {3},
  pages   = {297--302},
  year    = {1945},
  doi     = {10.2307/1932409}
}

@article{Zheng2022,
  title   = {{AreTomo}: An integrated software package for automated marker-free, motion-corrected
             cryo-electron tomographic alignment and reconstruction},
  author  = {Zheng, Shawn and Wolff, Georg and Greenan, Garrett and Chen, Zhen and
             Faas, Frank G. A. and Barcena, Montserrat and Koster, Abraham J. and Cheng, Yifan and
             Agard, David A.},
  journal = {Journal of Structural Biology: X},
  volume  = {6},
  pages   = {100068},
  year    = {2022},
  doi     = {10.1016/j.yjsbx.2022.100068}
}

@book{Rasmussen2006,
  title     = {Gaussian Processes for Machine Learning},
  author    = {Rasmussen, Carl Edward and Williams, Christopher K. I.},
  publisher = {MIT Press},
  year      = {2006},
  isbn      = {026218253X}
}

@article{Lamm2024,
  title   = {{MemBrain} v2: an end-to-end tool for the analysis of membranes in cryo-electron
             tomography},
  author  = {Lamm, Lorenz and Zufferey, Simon and Righetto, Ricardo D. and others},
  journal = {bioRxiv},
  year    = {2024},
  doi     = {10.1101/2024.01.05.574336}
}

@article{Kiewisz2024,
  title   = {Accurate and fast segmentation of filaments and membranes in micrographs and tomograms
             with {TARDIS}},
  author  = {Kiewisz, Robert and Fabig, Gunar and Conway, Will and Johnston, Jake and
             Kostyuchenko, Victor A. and others},
  journal = {bioRxiv},
  year    = {2024},
  doi     = {10.1101/2024.12.19.629196}
}
"""
