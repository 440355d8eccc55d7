using Microservices.Topics;

namespace Microservices.Sample;

/// <summary>What Sample publishes. An event's key is its widget's id.</summary>
internal static class WidgetEvents
{
    public static readonly KeyedTopics Topics = new("sample", "widget", V1.WidgetEvent.Descriptor);

    /// <summary>Commits the event together with the change that is being made.</summary>
    public static void Publish(this SampleDbContext sample, V1.Widget widget) =>
        sample.AddEvent(Topics.For(widget.WidgetId), widget.WidgetId, new V1.WidgetEvent { Widget = widget });
}
