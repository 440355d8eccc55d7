using Google.Protobuf.Reflection;

namespace Microservices.Hosting.Auth;

/// <summary>The path from a message to the field that says whose it is, such as <c>user.user_id</c>.</summary>
internal static class OwnerPath
{
    /// <summary>Whether the path leads from this message to a string, or to one string of each message that a repeated field has.</summary>
    public static bool Leads(MessageDescriptor message, string path)
    {
        var names = path.Split('.');
        for (var i = 0; i < names.Length; i++)
        {
            if (message.FindFieldByName(names[i]) is not { IsMap: false } field)
                return false;
            if (i == names.Length - 1)
                return field is { FieldType: FieldType.String, IsRepeated: false };
            if (field.FieldType != FieldType.Message)
                return false;
            message = field.MessageType;
        }

        return false;
    }
}
