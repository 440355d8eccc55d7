using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Microservices.Hosting.Auth;

/// <summary>
/// The path from a message to the field that says whose it is, such as <c>user.user_id</c>; through a repeated field it leads to one of each of its
/// messages. Immutable.
/// </summary>
internal sealed class OwnerPath
{
    private readonly FieldDescriptor[] fields;

    private OwnerPath(FieldDescriptor[] fields) => this.fields = fields;

    /// <summary>Whether the path leads from this message to a string, or to one string of each message that a repeated field has.</summary>
    public static bool Leads(MessageDescriptor message, string path) => Find(message, path) is not null;

    /// <summary>The path; null when there is none.</summary>
    public static OwnerPath? Find(MessageDescriptor message, string path)
    {
        var found = new List<FieldDescriptor>();
        foreach (var name in path.Split('.'))
        {
            if (found.Count > 0)
            {
                if (found[^1].FieldType != FieldType.Message)
                    return null;
                message = found[^1].MessageType;
            }

            if (message.FindFieldByName(name) is not { IsMap: false } field)
                return null;
            found.Add(field);
        }

        return found[^1] is { FieldType: FieldType.String, IsRepeated: false } ? new OwnerPath([.. found]) : null;
    }

    /// <summary>Whether all that a request names as owner is this user: one who is not named is another.</summary>
    public bool IsOnly(IMessage message, string userId)
    {
        // From a part of a request: a call of a frame stands for itself.
        var first = Array.FindIndex(fields, field => field.ContainingType == message.Descriptor);
        return first >= 0 && IsOnly(message, first, userId);
    }

    private bool IsOnly(object? value, int next, string userId) => value switch
    {
        string text => next == fields.Length && text == userId,
        IMessage message => IsOnly(fields[next].Accessor.GetValue(message), next + 1, userId),
        System.Collections.IList many => many.Cast<object>().All(each => IsOnly(each, next, userId)),
        _ => false,
    };
}
