from dnstide.api.v1 import analysis_pb2 as _analysis_pb2
from dnstide.api.v1 import info_pb2 as _info_pb2
from dnstide.api.v1 import tables_pb2 as _tables_pb2
from dnstide.api.v1 import top_pb2 as _top_pb2
from dnstide.api.v1 import volume_pb2 as _volume_pb2
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor
