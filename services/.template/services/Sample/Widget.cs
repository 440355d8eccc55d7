using Google.Protobuf.WellKnownTypes;

namespace Microservices.Sample;

/// <summary>A widget as kept.</summary>
internal sealed class Widget
{
    public required string WidgetId { get; init; }

    /// <summary>Which of the partitions of all widgets the widget is in, so that a partition can be read by itself.</summary>
    public required int Partition { get; init; }

    public string Label { get; set; } = "";

    public long Version { get; set; }

    public DateTimeOffset UpdateTime { get; set; }

    public V1.Widget ToMessage() => new()
    {
        WidgetId = WidgetId,
        Label = Label,
        Version = Version,
        UpdateTime = UpdateTime.ToTimestamp(),
    };
}
