"""What all windows have: a list of items, a bar of controls, lines of text below, and 3dmod."""

from __future__ import annotations

import gc
import threading
import tkinter as tk
from functools import partial
from tkinter import ttk
from typing import Any, Callable, List, Optional, Sequence, Tuple

from threadpoolctl import threadpool_limits

from etomotut.errors import EtomotutError
from etomotut.viewers.imod import launch
from etomotut.viewers.items import Item

BACKGROUND = "#e6e6e6"
OUTLINE, ACCENT, WARNING = "#2b2b2b", "#e69f00", "#d55e00"
WHEEL = ("<MouseWheel>", "<Button-4>", "<Button-5>")
WATCH_MS = 1500
_LISTED = 14  # rows


class Window:
    """A window over items; a kind of window fills in `build`, `show` and `redraw`.

    `items` must not be empty. The first one is opened at once.
    """

    size = (1100, 800)
    _aside = 0  # threads at work, of all windows

    def __init__(self, title: str, items: Sequence[Item], master: Any = None) -> None:
        self.items, self.item = list(items), items[0]
        self.top = tk.Toplevel(master)
        self.top.title(title)
        self._fit_screen()
        self.title = title
        self.model: Any = None
        self._pending: Optional[str] = None
        self.bar = ttk.Frame(self.top, padding=(8, 6))
        self.bar.pack(side="top", fill="x")
        self.status = ttk.Label(self.top, padding=(8, 3), foreground="#555555")
        self.status.pack(side="bottom", fill="x")
        self.caption = ttk.Label(self.top, padding=(8, 0))
        self.caption.pack(side="bottom", fill="x")
        if len(self.items) > 1:
            self._build_list()
        self.body = ttk.Frame(self.top)
        self.body.pack(side="left", fill="both", expand=True)
        self.build()
        self._add_pictures_button()
        self.top.bind("<Escape>", lambda event: self.top.destroy())
        self.open(self.items[0])
        if any(item.reread is not None for item in self.items):
            self._watch()

    # ------------------------------------------------------------------ what a window fills in
    def build(self) -> None:
        """Make the controls and the body."""
        raise NotImplementedError

    def show(self) -> None:
        """Take up a newly loaded model."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw the model as it is now."""
        raise NotImplementedError

    def take_reread(self, told: str) -> None:
        """Show an item again that was saved by another program, as it told."""
        self.say(told)

    # ------------------------------------------------------------------ what a window uses
    def open(self, item: Item) -> None:
        """Load an item and show it, or say why that cannot be done."""
        self.item = item
        self.top.title(f"{item.name} - {self.title}")
        try:
            self.model = item.load()
        except (EtomotutError, OSError) as error:
            self.model = None
            self.complain(str(error))
            return
        self.say("")
        self.show()
        self.redraw_soon()

    def redraw_soon(self) -> None:
        """Draw once when Tk has nothing else to do."""
        if self._pending is None:
            self._pending = self.top.after_idle(self._redraw_now)

    def say(self, text: str) -> None:
        """Write a line at the bottom."""
        self.status.configure(text=text, foreground="#555555")

    def complain(self, text: str) -> None:
        """Write what went wrong at the bottom."""
        self.status.configure(text=text, foreground=WARNING)

    def aside(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Do work that takes a while in a thread, and give its result to `then` in this one."""
        result: List[Any] = []
        # what Tk made must not be collected by another thread, which would end the process
        gc.freeze()
        Window._aside += 1

        def run() -> None:
            try:
                # where a program is started meanwhile, OpenBLAS' own threads end
                with threadpool_limits(1, user_api="blas"):
                    result.append((True, work()))
            except (EtomotutError, OSError) as error:
                result.append((False, error))

        def look() -> None:
            if thread.is_alive():
                self.top.after(50, look)
                return
            Window._aside -= 1
            if not Window._aside:
                gc.unfreeze()
            if not result:
                self.complain("this could not be done; the terminal says why")
            elif result[0][0]:
                then(result[0][1])
            else:
                self.complain(str(result[0][1]))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.top.after(50, look)

    def offer(self, text: str, action: Callable[[], None]) -> None:
        """Add a button for what can be done with the item."""
        ttk.Button(self.bar, text=text, command=action).pack(side="right", padx=4)

    def add_3dmod_button(self) -> None:
        """Add the button that opens the item in 3dmod, where an item can be."""
        if any(item.prepare_3dmod is not None for item in self.items):
            button = ttk.Button(self.bar, text="Open in 3dmod", command=self.open_3dmod)
            button.pack(side="right", padx=4)

    def open_3dmod(self) -> None:
        """Prepare what 3dmod needs and start it."""
        prepare = self.item.prepare_3dmod
        if prepare is None:
            self.complain(f"{self.item.name} has nothing that 3dmod shows")
            return
        self.say("Preparing the files for 3dmod ...")
        name = self.item.name
        self.aside(lambda: launch(prepare()), lambda _: self.say(f"3dmod shows {name}"))

    def open_pictures(self) -> Window:
        """Open the window of the pictures that the stage left, at those of the item."""
        from etomotut.viewers.windows.stage_pictures_window import StagePicturesWindow

        with_some = [each for each in self.items if each.pictures]
        rows = [Item(each.name, "", partial(dict, each.pictures)) for each in with_some]
        window = StagePicturesWindow("Pictures of this stage", rows, self.top)
        if len(rows) > 1 and self.item in with_some:
            window.listing.selection_set(str(with_some.index(self.item)))
        return window

    # ------------------------------------------------------------------ inside
    def _add_pictures_button(self) -> None:
        if any(item.pictures for item in self.items):
            text = "Pictures of this stage"
            ttk.Button(self.bar, text=text, command=self.open_pictures).pack(side="right", padx=4)

    def _fit_screen(self) -> None:
        """Give the window its size, or less on a small screen."""
        width = min(self.size[0], self.top.winfo_screenwidth() - 80)
        height = min(self.size[1], self.top.winfo_screenheight() - 120)
        self.top.geometry(f"{width}x{height}")
        self.top.minsize(480, 360)

    def _build_list(self) -> None:
        frame = ttk.Frame(self.top, padding=(8, 0, 4, 8))
        frame.pack(side="left", fill="y")
        bar = ttk.Scrollbar(frame)
        bar.pack(side="right", fill="y")
        self.listing = ttk.Treeview(
            frame, columns=("about",), height=_LISTED, selectmode="browse", yscrollcommand=bar.set
        )
        bar.configure(command=self.listing.yview)
        self.listing.heading("#0", text="Series", anchor="w")
        self.listing.heading("about", text="", anchor="w")
        longest = max(len(item.name) for item in self.items)
        self.listing.column("#0", width=min(60 + 8 * longest, 220), stretch=False)
        about = max(len(item.about) for item in self.items)
        self.listing.column("about", width=min(20 + 7 * about, 220), stretch=False)
        for row, item in enumerate(self.items):
            self.listing.insert("", "end", iid=str(row), text=item.name, values=(item.about,))
        self.listing.selection_set("0")
        self.listing.pack(side="left", fill="y", expand=True)
        self.listing.bind("<<TreeviewSelect>>", self._on_select)

    def _on_select(self, event: Any) -> None:
        chosen = self.listing.selection()
        if chosen and self.items[int(chosen[0])] is not self.item:
            self.open(self.items[int(chosen[0])])

    def _watch(self) -> None:
        """Take up what another program saves of the item that is shown, as long as it is."""
        try:
            told = self.item.reread() if self.item.reread is not None else ""
        except (EtomotutError, OSError) as error:
            self.complain(str(error))
        else:
            if told:
                self.take_reread(told)
        self.top.after(WATCH_MS, self._watch)

    def _redraw_now(self) -> None:
        self._pending = None
        if self.model is not None and self.top.winfo_exists():
            self.redraw()


class ImageCanvas(tk.Canvas):
    """A canvas that holds one image at its back, and lines and text over it."""

    def __init__(self, master: Any) -> None:
        super().__init__(master, background=BACKGROUND, highlightthickness=0)
        self._image = self.create_image(0, 0, anchor="nw")
        self._photo: Any = None

    def size(self) -> Tuple[int, int]:
        """Give width and height, at least one pixel each."""
        return max(self.winfo_width(), 1), max(self.winfo_height(), 1)

    def put(self, pixels: Any) -> None:
        """Show grey values (y, x) or colours (y, x, rgb), and take away all drawn before."""
        from PIL import Image, ImageTk

        self._photo = ImageTk.PhotoImage(Image.fromarray(pixels), master=self)
        self.itemconfigure(self._image, image=self._photo)
        self.delete("over")

    def line(self, points: Sequence[float], **look: Any) -> None:
        """Draw a line over the image through points x, y, x, y, ..."""
        self.create_line(*points, tags="over", **look)

    def ring(self, place: Sequence[float], radius: float, colour: str, **look: Any) -> None:
        """Draw a ring around a place x, y with a dark edge, so that it is seen on any grey."""
        x, y = place
        box = x - radius, y - radius, x + radius, y + radius
        look = {"width": 1.5, **look}
        self.create_oval(*box, outline="black", width=look["width"] + 1.5, tags="over")
        self.create_oval(*box, outline=colour, tags="over", **look)

    def write(self, x: float, y: float, text: str, colour: str = "white", **about: Any) -> None:
        """Write text with a dark edge."""
        for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            self.create_text(x + dx, y + dy, text=text, fill="black", tags="over", **about)
        self.create_text(x, y, text=text, fill=colour, tags="over", **about)

    def scale_bar(self, length: float, text: str) -> None:
        """Draw a bar of a length in canvas pixels at the lower left."""
        _, height = self.size()
        wide = max(length, 8 * len(text)) + 20
        box = (10, height - 46, 10 + wide, height - 10)
        self.create_rectangle(*box, fill="white", outline="", stipple="", tags="over")
        self.create_rectangle(
            20, height - 20, 20 + length, height - 16, fill=OUTLINE, outline="", tags="over"
        )
        self.create_text(
            20, height - 24, text=text, anchor="sw", fill=OUTLINE, font=("", 9), tags="over"
        )


def scrolled_canvas(master: Any, redraw: Callable[[], None]) -> Tuple[ttk.Frame, tk.Canvas]:
    """Give a frame, and the white canvas in it that scrolls up and down."""
    frame = ttk.Frame(master)
    canvas = tk.Canvas(frame, background="white", highlightthickness=0)
    bar = ttk.Scrollbar(frame, command=canvas.yview)
    canvas.configure(yscrollcommand=bar.set)
    bar.pack(side="right", fill="y")
    canvas.pack(side="left", fill="both", expand=True)
    canvas.bind("<Configure>", lambda event: redraw())
    for wheel in WHEEL:
        canvas.bind(wheel, lambda event: canvas.yview_scroll(-3 * wheel_steps(event), "units"))
    return frame, canvas


def wheel_steps(event: Any) -> int:
    """Give how far a turn of the mouse wheel goes: 1 up, -1 down."""
    return 1 if event.num == 4 or event.delta > 0 else -1


def is_control(event: Any) -> bool:
    """Whether the control key is held."""
    return bool(event.state & 0x4)


def add_slider(
    bar: Any, text: str, low: float, high: float, command: Callable[[float], None]
) -> ttk.Scale:
    """Add a labelled slider to a bar."""
    ttk.Label(bar, text=text).pack(side="left", padx=(10, 3))
    slider = ttk.Scale(bar, from_=low, to=high, length=110, command=lambda v: command(float(v)))
    slider.pack(side="left")
    return slider


def add_check(
    bar: Any, text: str, variable: tk.BooleanVar, command: Callable[[], None]
) -> ttk.Checkbutton:
    """Add a box to tick."""
    box = ttk.Checkbutton(bar, text=text, variable=variable, command=command)
    box.pack(side="left", padx=(8, 0))
    return box


CONTRAST = (0.02, 20.0)  # percent of pixels clipped at either end, at the slider's ends


def clipped_at(slider: float) -> float:
    """Give the percentage of clipped pixels for a slider between 0 and 1."""
    low, high = CONTRAST
    return float(low * (high / low) ** slider)


def slider_at(clipped: float) -> float:
    """Give where the slider of `clipped_at` stands for a percentage."""
    import math

    low, high = CONTRAST
    return math.log(clipped / low) / math.log(high / low)
