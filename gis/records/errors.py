"""What can go wrong when records are stored, each with a remedy."""

from __future__ import annotations

from gis.errors import BadInput


class CodeMissing(BadInput):
    """A row came without a code."""

    template = "有 {count} 行没有编码(源文件第 {rows} 行)。"
    cure = "请补上编码,或在对应关系里指定哪一列是编码。"


class CodeRepeated(BadInput):
    """One code stands on several rows of the same file."""

    template = "同一编码出现了多次:{codes}。"
    cure = "请让每个编码只出现一行。"


class CodeRetired(BadInput):
    """A grid code that was taken out of use comes back."""

    template = "网格编码已停用,不能再次使用:{codes}。"
    cure = "请给这些网格编新的编码;停用的编码永不复用,历史记录才说得清。"
    http_status = 409


class ShapeWrong(BadInput):
    """A geometry is missing, or is not of the kind its table stores."""

    template = "有 {count} 行的图形缺失或类型不对(源文件第 {rows} 行),此处应为 {wanted}。"
    cure = "请检查图层是否选对。"


class ShapeInvalid(BadInput):
    """The database finds a polygon invalid."""

    template = "有图形自相交或不闭合:{codes}。"
    cure = "请在制图软件里修复后重新导入。"


class TextBroken(BadInput):
    """A text holds a character that no database can keep."""

    template = "文字里有无法保存的字符({detail})。"
    cure = "请检查文件编码是否选对,并去掉不可见字符。"


class ColumnWrong(BadInput):
    """A column holds values of another type than its field."""

    template = "列 {column} 的值不是所要求的类型:{detail}。"
    cure = "请检查字段的对应关系。"


class NetworkNeeded(BadInput):
    """Grids were to be written without saying of which network."""

    template = "没有指明网格属于哪张网。"
    cure = "请用 --network 指定,例如 --network comprehensive。"


class RecordsBusy(BadInput):
    """Another import of the same kind is at work."""

    template = "有人正在导入同一类数据({dataset}),等了 {seconds} 秒仍未结束。"
    cure = "请等那次导入结束后重试;本次没有写入任何内容。"
    http_status = 409
